"""Kinds of networking.k8s.io: who may speak to whom, what comes in from outside, and the addresses of services."""
