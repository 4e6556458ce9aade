"""Which resources the API in memory has, until a test adds its own."""

from dataclasses import dataclass
from typing import Any

from podvisor.sdk import kinds
from podvisor.sdk.resource import Resource

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource and its subresources."""

    resource: Resource[Any]
    subresources: tuple[str, ...] = ("status",)


BUILT_IN = (
    Kind(kinds.PODS, ("status", "binding", "eviction")),
    Kind(kinds.NODES),
    Kind(kinds.NAMESPACES, ("status", "finalize")),
    Kind(kinds.CONFIGMAPS, ()),
    Kind(kinds.SECRETS, ()),
    Kind(kinds.CLUSTERROLES, ()),
    Kind(kinds.SERVICEACCOUNTS, ()),
    Kind(kinds.SERVICES),
    Kind(kinds.ENDPOINTS, ()),
    Kind(kinds.ENDPOINTSLICES, ()),
    Kind(kinds.EVENTS, ()),
    Kind(kinds.DEPLOYMENTS, ("status", "scale")),
    Kind(kinds.REPLICASETS, ("status", "scale")),
    Kind(kinds.CONTROLLERREVISIONS, ()),
    Kind(kinds.STATEFULSETS, ("status", "scale")),
    Kind(kinds.DAEMONSETS),
    Kind(kinds.REPLICATIONCONTROLLERS, ("status", "scale")),
    Kind(kinds.RESOURCEQUOTAS),
    Kind(kinds.PERSISTENTVOLUMECLAIMS),
    Kind(kinds.PERSISTENTVOLUMES),
    Kind(kinds.STORAGECLASSES, ()),
    Kind(kinds.JOBS),
    Kind(kinds.CRONJOBS),
    Kind(kinds.PODDISRUPTIONBUDGETS),
    Kind(kinds.HORIZONTALPODAUTOSCALERS),
    Kind(kinds.LEASES, ()),
)
