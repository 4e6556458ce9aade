"""The client of the Kubernetes API: requests, watches, informers, work queues, leases, kubeconfig.

Decides how a program speaks to an API server and keeps a copy of what it saw. Decides nothing about what the
objects should become. Scheduler, controllers, node, dashboard, the command line and users call it.

    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load().access))
    pod = await client.get(sdk.kinds.PODS, "web-0", "default")
"""

from podvisor.sdk import (
    affinity,
    conditions,
    discovery,
    errors,
    events,
    kinds,
    kubeconfig,
    lease,
    objects,
    selectors,
    tolerations,
)
from podvisor.sdk.cache import Cache
from podvisor.sdk.client import (
    STATUS,
    Bookmark,
    Changed,
    Client,
    DeleteOptions,
    PatchType,
    Selection,
    WatchType,
    WriteOptions,
)
from podvisor.sdk.codec import ObjectList
from podvisor.sdk.exec import Finished, execute
from podvisor.sdk.http import Access, HttpTransport
from podvisor.sdk.in_process import InProcess
from podvisor.sdk.informer import Informer, Informers, key_of
from podvisor.sdk.queue import WorkQueue
from podvisor.sdk.resource import Key, Resource
from podvisor.sdk.transport import Reply, Request, Transport
from podvisor.sdk.wait import until

__all__ = [
    "STATUS",
    "Access",
    "Bookmark",
    "Cache",
    "Changed",
    "Client",
    "DeleteOptions",
    "Finished",
    "HttpTransport",
    "InProcess",
    "Informer",
    "Informers",
    "Key",
    "ObjectList",
    "PatchType",
    "Reply",
    "Request",
    "Resource",
    "Selection",
    "Transport",
    "WatchType",
    "WorkQueue",
    "WriteOptions",
    "affinity",
    "conditions",
    "discovery",
    "errors",
    "events",
    "execute",
    "key_of",
    "kinds",
    "kubeconfig",
    "lease",
    "objects",
    "selectors",
    "tolerations",
    "until",
]
