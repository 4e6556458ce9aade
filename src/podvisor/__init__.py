"""Podvisor: Kubernetes pods, each inside its own user-space kernel."""

__version__ = "0.1.0"
