"""The consistent, revisioned store below the API.

Decides revisions, transactions, watches, leases and compaction, over one contract with several backends. Knows
keys and bytes, not Kubernetes objects. Only the API server (and `etcdapi`) opens it.
"""
