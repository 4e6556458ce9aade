"""What is there from the beginning: the system's namespaces, and the Service under which pods reach this server."""

import ipaddress

from podvisor.apiserver import metadata
from podvisor.apiserver.kinds.core import namespace
from podvisor.apiserver.resource import Json
from podvisor.apiserver.server import Server
from podvisor.types import status

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_OWN = {"component": "apiserver", "provider": "kubernetes"}


async def create(server: Server) -> None:
    """Create what is missing, and say where this server listens now."""
    for name in NAMESPACES:
        await _create(server, "namespaces", namespace.new(name))
    await _create(server, "services", _service(server))
    await _write_endpoints(server)


def _service(server: Server) -> Json:
    """The Service `kubernetes`, at the first address of the range."""
    address = str(next(ipaddress.ip_network(server.settings.service_addresses).hosts()))
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": _listener(server)[1]}
    spec = {"clusterIP": address, "clusterIPs": [address], "ports": [port]}
    return {"kind": "Service", "apiVersion": "v1", "metadata": _metadata(), "spec": spec}


async def _write_endpoints(server: Server) -> None:
    resource = server.registry.get("", "v1", "endpoints")
    host, port = _listener(server)
    subset = {"addresses": [{"ip": host}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}
    item = {"kind": "Endpoints", "apiVersion": "v1", "metadata": _metadata(), "subsets": [subset]}
    if before := await server.storage.find(resource, "default", "kubernetes"):
        await server.storage.remove(before)
    await _create(server, "endpoints", item)


def _listener(server: Server) -> tuple[str, int]:
    host, _, port = server.settings.external_address.rpartition(":")
    return host.strip("[]"), int(port)


def _metadata() -> Json:
    return {"name": "kubernetes", "namespace": "default", "labels": dict(_OWN)}


async def _create(server: Server, plural: str, item: Json) -> None:
    resource = server.registry.get("", "v1", plural)
    metadata.begin(item, resource, server.clock.now())
    resource.hooks.create(item)
    resource.hooks.default(item)
    try:
        await server.storage.create(resource, item)
    except status.AlreadyExists:
        return
