"""Chooses a node for each pending pod.

Decides placement only. Sees the cluster and binds pods through the API, with the SDK. Only `cluster` starts it.
"""
