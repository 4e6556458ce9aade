"""What is there from the beginning: namespaces, priorities, the Services of this server and of DNS, roles."""

import asyncio
import ipaddress

from podvisor.apiserver import cells, metadata, objects
from podvisor.apiserver.bootstrap import reconciling, roles
from podvisor.apiserver.kinds.core import namespace
from podvisor.apiserver.kinds.scheduling import priorityclass
from podvisor.apiserver.kinds.storage import storageclass
from podvisor.apiserver.resource import Json
from podvisor.apiserver.server import Server
from podvisor.network import ranges
from podvisor.types import status

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_OWN = {"component": "apiserver", "provider": "kubernetes"}


async def create(server: Server) -> None:
    """Create what is missing, and say where this server listens now."""
    for name in NAMESPACES:
        await _create(server, namespace.new(name))
    for name in priorityclass.SYSTEM:
        await _create(server, priorityclass.new(name))
    await _create(server, storageclass.new())
    await _create(server, _service_range(server))
    await _create(server, _service(server))
    if (address := ranges.dns(server.settings.service_addresses)) is not None:
        await _create(server, _dns(address))
    await _write_endpoints(server)
    if server.settings.client_authority:
        await _write_authentication(server)
    await asyncio.gather(*(_write_role(server, item) for item in (*roles.roles(), *roles.bindings())))


async def _write_authentication(server: Server) -> None:
    """How servers beside this one check who asks them, as they read it at their start.

    https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/#extension-apiserver-authenticates-the-request
    """
    resource = server.catalogue.get("", "v1", "configmaps")
    metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    data = {"client-ca-file": server.settings.client_authority}
    before = await server.storage.find(resource, metadata["namespace"], metadata["name"])
    if before is None:
        await _create(server, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data})
        return
    item = objects.decode(resource, before)
    if objects.dig(item, "data", "client-ca-file") != data["client-ca-file"]:
        item["data"] = item.get("data", {}) | data
        await server.storage.replace(resource, before, objects.encode(item))


async def _write_role(server: Server, item: Json) -> None:
    """Create a role or binding, or bring the stored one up to date."""
    resource, metadata = server.catalogue.now.by_kind[item["apiVersion"], item["kind"]], item["metadata"]
    if (before := await server.storage.find(resource, metadata.get("namespace", ""), metadata["name"])) is None:
        await _create(server, item)
        return
    stored = objects.decode(resource, before)
    if reconciling.is_protected(stored):
        return
    if reconciling.is_another(stored, item):
        await server.storage.remove(before)
        await _create(server, item)
    elif (wanted := reconciling.reconciled(stored, item)) != stored:
        await server.storage.replace(resource, before, objects.encode(wanted))


def _service_range(server: Server) -> Json:
    """The ServiceCIDR `kubernetes`: where the addresses of Services come from unless somebody adds another."""
    message = "Kubernetes default Service CIDR is ready"
    now = cells.timestamp(server.clock.now())
    ready = {"type": "Ready", "status": "True", "reason": "", "message": message, "lastTransitionTime": now}
    return {
        "kind": "ServiceCIDR",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": "kubernetes"},
        "spec": {"cidrs": [server.settings.service_addresses]},
        "status": {"conditions": [ready]},
    }


def _service(server: Server) -> Json:
    """The Service `kubernetes`, at the first address of the range."""
    address = str(next(ipaddress.ip_network(server.settings.service_addresses).hosts()))
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": _listener(server)[1]}
    spec = {"clusterIP": address, "clusterIPs": [address], "ports": [port]}
    return {"kind": "Service", "apiVersion": "v1", "metadata": _metadata(), "spec": spec}


def _dns(address: str) -> Json:
    """The cluster's DNS, under the name by which everybody looks for it. No pods are behind it: each node answers."""
    labels = {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
    ]
    spec = {"clusterIP": address, "clusterIPs": [address], "ports": ports}
    metadata = {"name": "kube-dns", "namespace": "kube-system", "labels": labels}
    return {"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec}


async def _write_endpoints(server: Server) -> None:
    resource = server.catalogue.get("", "v1", "endpoints")
    host, port = _listener(server)
    subset = {"addresses": [{"ip": host}], "ports": [{"name": "https", "port": port, "protocol": "TCP"}]}
    item = {"kind": "Endpoints", "apiVersion": "v1", "metadata": _metadata(), "subsets": [subset]}
    if (before := await server.storage.find(resource, "default", "kubernetes")) is None:
        await _create(server, item)
    elif (stored := objects.decode(resource, before)).get("subsets") != item["subsets"]:
        await server.storage.replace(resource, before, objects.encode(stored | {"subsets": item["subsets"]}))


def _listener(server: Server) -> tuple[str, int]:
    host, _, port = server.settings.external_address.rpartition(":")
    return host.strip("[]"), int(port)


def _metadata() -> Json:
    return {"name": "kubernetes", "namespace": "default", "labels": dict(_OWN)}


async def _create(server: Server, item: Json) -> None:
    resource = server.catalogue.now.by_kind[item["apiVersion"], item["kind"]]
    metadata.begin(item, resource, server.clock.now())
    resource.hooks.create(item)
    resource.hooks.default(item)
    try:
        await server.storage.create(resource, item)
    except status.AlreadyExists:
        return
