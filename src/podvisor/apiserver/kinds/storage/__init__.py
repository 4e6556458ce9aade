"""Kinds of storage.k8s.io: classes and drivers of volumes, and what these say of nodes."""
