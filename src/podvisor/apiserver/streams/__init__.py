"""Logs, exec and attach: bytes that pass through this server between a client and a node.

Decides which container is meant and which protocols are spoken. What the bytes mean is the node's business.
"""
