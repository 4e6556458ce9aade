"""Lists the addresses of the pods behind each Service."""

from collections.abc import Iterable, Sequence
from typing import Any

from podvisor.controllers import pods
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.controllers.pods import is_namespace_ending
from podvisor.sdk import Key, errors, key_of, kinds
from podvisor.sdk.objects.core import Pod, Service, ServicePort

MOST = 1000
"""Addresses in one Endpoints object; a Service with more has the rest left out, as Kubernetes does."""
IN = "namespace"
"""Index: objects by namespace."""
MANAGED = "endpoints.podvisor.dev/managed-by"
"""Annotation of the Endpoints that this loop made and may delete."""


def subsets(service: Service, selected: Iterable[Pod]) -> list[dict[str, Any]]:
    """The addresses of `selected`, ready and not, grouped by the ports that they resolve the Service's to."""
    groups: dict[tuple[tuple[Any, ...], ...], dict[str, list[dict[str, Any]]]] = {}
    behind = sorted(selected, key=lambda pod: (pod.status.pod_ip, pod.metadata.name))
    for pod in behind[:MOST]:
        if not pod.status.pod_ip or pods.is_ended(pod):
            continue
        ports = _ports(service, pod)
        if service.spec.ports and not ports:
            continue
        ready = (pods.is_ready(pod) and not pod.metadata.deleting) or service.spec.publish_not_ready_addresses
        group = groups.setdefault(tuple(ports), {})
        group.setdefault("addresses" if ready else "notReadyAddresses", []).append(_address(service, pod))
    return [group | _with_ports(ports) for ports, group in sorted(groups.items())]


class ServiceEndpoints:
    """The loop over Services."""

    name = "endpoint-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._services = cluster.informers.of(kinds.SERVICES)
        self._pods = cluster.informers.of(kinds.PODS)
        self._endpoints = cluster.informers.of(kinds.ENDPOINTS)
        self._services.cache.add_index(IN, lambda service: [service.metadata.namespace])
        self._pods.cache.add_index(IN, lambda pod: [pod.metadata.namespace])
        self._services.on_change(enqueue_itself(self.queue))
        self._endpoints.on_change(enqueue_itself(self.queue))
        self._pods.on_change(self._pod_changed)

    async def reconcile(self, key: Key) -> None:
        """Bring the Endpoints of one Service up to date. Services without a selector are left to their users."""
        await self._pods.wait_synced()
        await self._endpoints.wait_synced()
        service, current = self._services.cache.get(key), self._endpoints.cache.get(key)
        if service is None:
            if current is not None and MANAGED in current.metadata.annotations:
                await self._remove(key)
            return
        if not service.spec.selector or service.spec.type == "ExternalName" or service.metadata.deleting:
            return
        wanted = subsets(service, self._behind(service))
        if current is None:
            await self._create(service, wanted)
        elif current.subsets != wanted:
            await self._client.patch(kinds.ENDPOINTS, key, {"subsets": wanted or None})

    async def _create(self, service: Service, wanted: Sequence[dict[str, Any]]) -> None:
        metadata = {
            "name": service.metadata.name,
            "namespace": service.metadata.namespace,
            "labels": service.metadata.labels,
            "annotations": {MANAGED: self.name},
        }
        thing = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": wanted}
        try:
            await self._client.create(kinds.ENDPOINTS, thing, service.metadata.namespace)
        except (errors.AlreadyExists, errors.NotFound):
            return
        except errors.Forbidden as error:
            if not is_namespace_ending(error):
                raise

    async def _remove(self, key: Key) -> None:
        try:
            await self._client.delete(kinds.ENDPOINTS, key)
        except errors.NotFound:
            return

    def _behind(self, service: Service) -> list[Pod]:
        near = self._pods.cache.indexed(IN, service.metadata.namespace)
        return [pod for pod in near if _selects(service, pod)]

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        states = [pod for pod in (old, new) if pod is not None]
        for service in self._services.cache.indexed(IN, states[0].metadata.namespace):
            if any(_selects(service, pod) for pod in states):
                self.queue.add(key_of(service))


def _selects(service: Service, pod: Pod) -> bool:
    """Whether a pod of the service's namespace is behind it."""
    if not service.spec.selector:
        return False
    return service.spec.selector.items() <= pod.metadata.labels.items()


def _ports(service: Service, pod: Pod) -> list[tuple[Any, ...]]:
    resolved = ((port.name, _target(port, pod), port.protocol, port.app_protocol or "") for port in service.spec.ports)
    return [port for port in resolved if port[1]]


def _target(port: ServicePort, pod: Pod) -> int:
    """The number behind a port: its own, or that of the container port of the name that it gives."""
    if isinstance(port.target_port, int):
        return port.target_port or port.port
    named = (
        one.container_port
        for container in (*pod.spec.containers, *pod.spec.init_containers)
        for one in container.ports
        if (one.name, one.protocol) == (port.target_port, port.protocol)
    )
    return next(named, 0)


def _with_ports(ports: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    names = ("name", "port", "protocol", "appProtocol")
    plain = [{name: value for name, value in zip(names, port, strict=True) if value} for port in ports]
    return {"ports": plain} if plain else {}


def _address(service: Service, pod: Pod) -> dict[str, Any]:
    target = {
        "kind": "Pod",
        "namespace": pod.metadata.namespace,
        "name": pod.metadata.name,
        "uid": pod.metadata.uid,
    }
    address: dict[str, Any] = {"ip": pod.status.pod_ip, "targetRef": target}
    if pod.spec.node_name:
        address["nodeName"] = pod.spec.node_name
    if pod.spec.hostname and pod.spec.subdomain == service.metadata.name:
        address["hostname"] = pod.spec.hostname
    return address
