"""Kubernetes' data: quantity, selector, patch, status and the kinds themselves.

Decides what an object means as data. Does no I/O and keeps no state. Every room above may call it.
"""
