"""Serves the etcd v3 gRPC API over a store backend.

Decides how etcd's messages map to the store's contract. Decides nothing about revisions or durability. Only
`cluster` starts it.
"""
