"""Which pod answers: for a pod that is named, and for a Service by its ready endpoints.

https://kubernetes.io/docs/concepts/services-networking/service/
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from podvisor.apiserver import objects
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.reach.dialing import PodPort
from podvisor.apiserver.resource import Json
from podvisor.apiserver.storage import Storage
from podvisor.types import status

_SERVICE = "kubernetes.io/service-name"


class Known(Protocol):
    """What is asked for objects: a Server, or the View of admission."""

    @property
    def storage(self) -> Storage: ...

    @property
    def catalogue(self) -> Catalogue: ...


@dataclass(frozen=True, slots=True)
class Backend:
    """One endpoint of a Service."""

    address: str
    port: int
    pod: str = ""
    """The pod that has the address; empty where the endpoint names none."""


async def pod(known: Known, namespace: str, name: str) -> Json:
    """A pod. Raises NotFound."""
    resource = known.catalogue.get("", "v1", "pods")
    return objects.decode(resource, await known.storage.get(resource, namespace, name))


async def port_of_pod(known: Known, item: Json, port: int) -> PodPort:
    """A port of a pod, at its own address. Raises BadRequest for a pod that has none, and NotFound without its node."""
    metadata, addresses = item["metadata"], addresses_of(item)
    if not addresses or not item["spec"].get("nodeName"):
        raise status.BadRequest("address not allowed")
    nodes = known.catalogue.get("", "v1", "nodes")
    node = objects.decode(nodes, await known.storage.get(nodes, "", item["spec"]["nodeName"]))
    return PodPort(node, metadata["namespace"], metadata["name"], port, addresses[0], metadata["uid"])


def addresses_of(item: Json) -> Sequence[str]:
    """The addresses of a pod, as its status has them."""
    given = item.get("status", {})
    return [one["ip"] for one in given.get("podIPs", ())] or ([given["podIP"]] if given.get("podIP") else [])


async def of_service(known: Known, namespace: str, service: Json, port: str) -> Sequence[Backend]:
    """The ready endpoints of a port of a Service, by its name or its number, in no order.

    Raises Unavailable where there are none.
    """
    name: str = service["metadata"]["name"]
    wanted = _port_name(service, port)
    slices = known.catalogue.get("discovery.k8s.io", "v1", "endpointslices")
    found = [objects.decode(slices, kv) for kv in (await known.storage.all(slices, namespace)).kvs]
    ours = [one for one in found if one["metadata"].get("labels", {}).get(_SERVICE) == name]
    if not (backends := [backend for one in ours for backend in _ready(one, wanted)]):
        raise status.Unavailable(f'no endpoints available for service "{name}"')
    random.shuffle(backends)
    return backends


async def pod_of_service(known: Known, namespace: str, name: str, port: str) -> PodPort:
    """A port of a pod that answers for a Service; only what a pod really has is reached.

    Raises NotFound without the Service, and Unavailable where no pod is ready.
    """
    services = known.catalogue.get("", "v1", "services")
    service = objects.decode(services, await known.storage.get(services, namespace, name))
    for backend in await of_service(known, namespace, service, port):
        if backend.pod and (found := await checked(known, namespace, backend)) is not None:
            return found
    raise status.Unavailable(f'no endpoints available for service "{name}"')


async def checked(known: Known, namespace: str, backend: Backend) -> PodPort | None:
    """The pod of an endpoint; None if it is gone or has another address.

    Whoever may write EndpointSlices could otherwise name any address and have this server connect to it.
    """
    try:
        item = await pod(known, namespace, backend.pod)
        return await port_of_pod(known, item, backend.port) if backend.address in addresses_of(item) else None
    except (status.NotFound, status.BadRequest):
        return None


def _port_name(service: Json, port: str) -> str:
    """The name of a port that may be given by its number."""
    if not port.isdecimal():
        return port
    for one in service["spec"].get("ports", ()):
        if one["port"] == int(port):
            return one.get("name", "")
    raise status.Unavailable(f'no service port {port} found for service "{service["metadata"]["name"]}"')


def _ready(item: Json, port_name: str) -> Iterator[Backend]:
    port = next((one for one in item.get("ports") or () if (one.get("name") or "") == port_name), None)
    for endpoint in item.get("endpoints") or ():
        if port and port.get("port") and endpoint.get("conditions", {}).get("ready", True):
            reference = endpoint.get("targetRef", {})
            pod = reference.get("name", "") if reference.get("kind") == "Pod" else ""
            yield Backend(endpoint["addresses"][0], port["port"], pod)
