"""Starts a user-space kernel for a pod and speaks with it.

Decides how a pod is described to `podvisor-sandbox` and how its process is kept. Decides nothing about images,
pods or restarts. The command line and the node call it.
"""
