"""The loops that make the cluster's state what its objects ask for, one file per loop.

Each decides what to create, change or delete for one kind. Sees the cluster through the API only, with the SDK.
Only `cluster` starts them.
"""
