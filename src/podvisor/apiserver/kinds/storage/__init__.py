"""Kinds of storage.k8s.io: classes and drivers of volumes, what these say of nodes, and what claims have in common."""
