"""What stands behind each port of a Service, as kube-proxy sees it.

https://kubernetes.io/docs/reference/networking/virtual-ips/
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Port:
    """One port of one address of a Service."""

    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Backends:
    """Where connections to a port go."""

    endpoints: tuple[tuple[str, int], ...] = ()
    """Addresses of pods, each as likely as the others."""
    host: bool = False
    """It is the API server, which no pod runs."""
    affinity: int | None = None
    """For how many seconds a client stays with its endpoint (`sessionAffinity: ClientIP`)."""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service, as far as connections to it are concerned."""

    addresses: Sequence[str]
    ports: Sequence[tuple[str, int, str]]
    """Name, number and protocol of each."""
    affinity: int | None = None
    host: bool = False
    node: str = ""
    """The node's address in the pod network."""
    node_ports: Sequence[tuple[str, int, str]] = ()
    """The ports of the node that lead there too, each as in `ports`."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One EndpointSlice: `ports` and `endpoints` as the API has them."""

    ports: Sequence[Json] = field(default_factory=tuple[Json, ...])
    endpoints: Sequence[Json] = field(default_factory=tuple[Json, ...])


def table(service: Service, slices: Iterable[Slice]) -> dict[Port, Backends]:
    """Every port of the Service's addresses, and what stands behind it; where nothing does, it refuses."""
    found: dict[Port, Backends] = {}
    slices = tuple(slices)
    for name, number, protocol in service.ports:
        endpoints = () if service.host else _endpoints(name, protocol, slices)
        backends = Backends(endpoints, service.host, service.affinity)
        found |= {Port(protocol, address, number): backends for address in service.addresses}
        at_node = [port for one, port, kind in service.node_ports if (one, kind) == (name, protocol)]
        found |= {Port(protocol, service.node, port): backends for port in at_node}
    return found


def _endpoints(name: str, protocol: str, slices: Sequence[Slice]) -> tuple[tuple[str, int], ...]:
    """Those that are ready; where none is, those that still serve while they terminate.

    https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-to-terminating-endpoints
    """
    ready: list[tuple[str, int]] = []
    terminating: list[tuple[str, int]] = []
    for one in slices:
        numbers = [port["port"] for port in one.ports if _fits(port, name, protocol)]
        for endpoint in one.endpoints:
            conditions: Json = endpoint.get("conditions") or {}
            places = [(address, number) for address in endpoint["addresses"][:1] for number in numbers]
            if conditions.get("ready", True) is not False:
                ready += places
            elif conditions.get("serving") and conditions.get("terminating"):
                terminating += places
    return tuple(sorted(set(ready or terminating)))


def _fits(port: Json, name: str, protocol: str) -> bool:
    """True if the slice's port is the one that the Service's port of that name leads to."""
    named = (port.get("name") or "") == name and (port.get("protocol") or "TCP") == protocol
    return named and port.get("port") is not None


def changes(before: Mapping[Port, Backends], now: Mapping[Port, Backends]) -> tuple[dict[Port, Backends], list[Port]]:
    """What to set and what to remove so that a switch that knows `before` knows `now`."""
    fresh = {port: backends for port, backends in now.items() if before.get(port) != backends}
    return fresh, [port for port in before if port not in now]
