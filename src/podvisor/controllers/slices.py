"""Shows the addresses of each Endpoints as EndpointSlices, which is where kubectl and newer clients look.

Kubernetes has two loops here: its endpointslice controller serves Services with a selector, its mirroring controller
Endpoints that somebody else writes. Which of the two a slice is from, its label `managed-by` says.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from podvisor.controllers import endpoints as services
from podvisor.controllers.loop import Cluster
from podvisor.controllers.pods import is_namespace_ending
from podvisor.sdk import Key, errors, key_of, kinds
from podvisor.sdk.objects.core import Endpoints, EndpointSlice

SERVICE = "kubernetes.io/service-name"
"""Label: the Service that the addresses belong to."""
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
NAME = "endpointslice-controller.k8s.io"
MIRRORING = "endpointslicemirroring-controller.k8s.io"
OF = "service"
"""Index: our slices by namespace and Service."""

Json = dict[str, Any]


def wanted(endpoints: Endpoints) -> Mapping[str, Json]:
    """The slices that show `endpoints`, by name: one for each set of ports.

    A Service whose selector finds no pod has one that is empty; nothing of other Endpoints is shown without addresses.
    """
    subsets = endpoints.subsets or ([{}] if manager(endpoints) == NAME else [])
    return {_name(endpoints, number): _slice(subset) for number, subset in enumerate(subsets)}


def manager(endpoints: Endpoints) -> str:
    """Whose slices show these Endpoints: those of a Service's pods, or a mirror of what somebody wrote."""
    return NAME if services.MANAGED in endpoints.metadata.annotations else MIRRORING


def _name(endpoints: Endpoints, number: int) -> str:
    digest = hashlib.sha256(f"{endpoints.metadata.uid} {number}".encode()).hexdigest()
    return f"{endpoints.metadata.name}-{digest[:5]}"


def _slice(subset: Json) -> Json:
    endpoints = [
        *_each(subset.get("addresses", ()), ready=True),
        *_each(subset.get("notReadyAddresses", ()), ready=False),
    ]
    ports = [{"name": "", "protocol": "TCP", **port} for port in subset.get("ports", ())]
    return {"endpoints": endpoints, "ports": ports}


def _each(addresses: Any, *, ready: bool) -> Iterator[Json]:
    conditions = {"ready": ready, "serving": ready, "terminating": False}
    for address in addresses:
        kept = {name: address[name] for name in ("hostname", "nodeName", "targetRef") if name in address}
        yield {"addresses": [address["ip"]], "conditions": conditions, **kept}


class EndpointSlices:
    """The loop over Endpoints."""

    name = "endpointslice-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._endpoints = cluster.informers.of(kinds.ENDPOINTS)
        self._slices = cluster.informers.of(kinds.ENDPOINTSLICES)
        self._slices.cache.add_index(OF, lambda one: [str(key)] if (key := _service_of(one)) else [])
        self._endpoints.on_change(self._endpoints_changed)
        self._slices.on_change(self._slice_changed)

    async def reconcile(self, key: Key) -> None:
        """Bring the slices of one Endpoints up to date."""
        await self._endpoints.wait_synced()
        await self._slices.wait_synced()
        endpoints = self._endpoints.cache.get(key)
        goal: Mapping[str, Json] = wanted(endpoints) if endpoints and not endpoints.metadata.deleting else {}
        current = {one.metadata.name: one for one in self._slices.cache.indexed(OF, str(key))}
        for name in current.keys() - goal.keys():
            await self._remove(Key(key.namespace, name))
        for name, content in goal.items():
            if name not in current:
                assert endpoints
                await self._create(endpoints, name, content)
            elif endpoints and (change := _change(current[name], content, manager(endpoints))):
                await self._client.patch(kinds.ENDPOINTSLICES, Key(key.namespace, name), change)

    async def _create(self, endpoints: Endpoints, name: str, content: Json) -> None:
        about = endpoints.metadata
        labels = {**about.labels, SERVICE: about.name, MANAGED_BY: manager(endpoints)}
        owner = {"apiVersion": "v1", "kind": "Endpoints", "name": about.name, "uid": about.uid, "controller": True}
        metadata = {"name": name, "namespace": about.namespace, "labels": labels, "ownerReferences": [owner]}
        thing = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata}
        try:
            await self._client.create(kinds.ENDPOINTSLICES, thing | {"addressType": "IPv4", **content}, about.namespace)
        except (errors.AlreadyExists, errors.NotFound):
            return
        except errors.Forbidden as error:
            if not is_namespace_ending(error):
                raise

    async def _remove(self, key: Key) -> None:
        try:
            await self._client.delete(kinds.ENDPOINTSLICES, key)
        except errors.NotFound:
            return

    def _endpoints_changed(self, old: Endpoints | None, new: Endpoints | None) -> None:
        one = new or old
        assert one
        self.queue.add(key_of(one))

    def _slice_changed(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        one = new or old
        assert one
        if key := _service_of(one):
            self.queue.add(key)


def _change(current: EndpointSlice, content: Json, managed_by: str) -> Json:
    """What a slice lacks of what it should say; slices of earlier versions may name the other loop."""
    change = {} if {"endpoints": current.endpoints, "ports": current.ports} == content else dict(content)
    if current.metadata.labels.get(MANAGED_BY) != managed_by:
        change["metadata"] = {"labels": {MANAGED_BY: managed_by}}
    return change


def _service_of(one: EndpointSlice) -> Key | None:
    """The Service whose addresses one of our slices shows; None for a slice of somebody else's."""
    labels = one.metadata.labels
    ours = labels.get(MANAGED_BY) in (NAME, MIRRORING) and SERVICE in labels
    return Key(one.metadata.namespace, labels[SERVICE]) if ours else None
