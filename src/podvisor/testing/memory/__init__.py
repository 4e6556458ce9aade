"""A Kubernetes API in memory, as a transport for the SDK: a test double with the real semantics of versions.

Decides what a request changes and which watchers hear of it: resource versions, conflicts, finalizers, graceful
deletion, generations, subresources, watches that can be resumed and that end in 410. Leaves out what only a real
server does: validation, defaults, admission, access, tables, strategic merge and server-side apply. Tests call it.

    api = MemoryApi(clock)
    client = sdk.Client(api, clock=clock)
"""

from podvisor.testing.memory.api import MemoryApi

__all__ = ["MemoryApi"]
