"""What the cluster's DNS knows, as this node has heard of it: Services, their endpoints and namespaces.

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from podvisor import sdk
from podvisor.network.dns import zone
from podvisor.node.network import by_service, service_of
from podvisor.sdk.objects import core


class Names:
    """A `zone.Cluster`. `version` counts the changes of what it knows."""

    def __init__(self, known: sdk.Informers) -> None:
        self.version = 0
        self._services = known.of(sdk.kinds.SERVICES)
        self._slices = known.of(sdk.kinds.ENDPOINTSLICES)
        self._namespaces = known.of(sdk.kinds.NAMESPACES.partial)

    async def follow(self) -> None:
        """Hear of changes. Returns once everything is known."""
        self._services.cache.add_index("address", _addresses)
        self._slices.cache.add_index("service", by_service)
        self._slices.cache.add_index("address", _reached)
        for informer in (self._services, self._slices, self._namespaces):
            await informer.wait_synced()
            informer.on_change(self._changed)

    def has_namespace(self, name: str) -> bool:
        """True if there is a namespace of that name."""
        return self._namespaces.cache.get(sdk.Key("", name)) is not None

    def service(self, namespace: str, name: str) -> zone.Service | None:
        """A Service."""
        found = self._services.cache.get(sdk.Key(namespace, name))
        return None if found is None else _described(found)

    def endpoints(self, namespace: str, name: str) -> Sequence[zone.Endpoint]:
        """The endpoints of a Service that are ready; the controller says that of all where they are to be published."""
        slices = self._slices.cache.indexed("service", str(sdk.Key(namespace, name)))
        found = [endpoint for one in slices for endpoint in _endpoints(one)]
        return sorted(found, key=lambda endpoint: endpoint.address)

    def services_at(self, address: str) -> Sequence[zone.Service]:
        """The Services with this cluster IP, or with an endpoint of this address."""
        behind = [service_of(one) for one in self._slices.cache.indexed("address", address)]
        reached = [found for key in behind if key and (found := self._services.cache.get(key))]
        return [_described(one) for one in (*self._services.cache.indexed("address", address), *reached)]

    def _changed(self, old: object, new: object) -> None:
        self.version += 1


def _described(service: core.Service) -> zone.Service:
    spec = service.spec
    ports = [zone.Port(port.name, port.port, port.protocol) for port in spec.ports]
    other = spec.external_name if spec.type == "ExternalName" else ""
    return zone.Service(service.metadata.namespace, service.metadata.name, _addresses(service), ports, other)


def _addresses(service: core.Service) -> list[str]:
    spec = service.spec
    return [address for address in spec.cluster_ips or [spec.cluster_ip] if address not in ("", "None")]


def _endpoints(one: core.EndpointSlice) -> Iterable[zone.Endpoint]:
    ports = [
        zone.Port(port.get("name") or "", port["port"], port.get("protocol") or "TCP")
        for port in one.ports
        if port.get("port") is not None
    ]
    for endpoint in filter(_is_ready, one.endpoints):
        for address in endpoint["addresses"]:
            yield zone.Endpoint(address, endpoint.get("hostname") or "", ports)


def _is_ready(endpoint: dict[str, Any]) -> bool:
    conditions: dict[str, Any] = endpoint.get("conditions") or {}
    return conditions.get("ready", True) is not False


def _reached(one: core.EndpointSlice) -> list[str]:
    return [address for endpoint in one.endpoints for address in endpoint["addresses"]]
