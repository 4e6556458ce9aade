"""Which ports of the machine lead to pods: node ports, load balancers, external addresses, host ports.

https://kubernetes.io/docs/reference/networking/virtual-ips/ and, for hostPort, the CNI plugin `portmap`. A port of the
machine leads to a port of a Service's own address or to one of a pod; which endpoint that is, the switch chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from podvisor.network.services import Port

PROTOCOLS = ("TCP",)
"""What the machine takes in. UDP has no connections, and a socket of the machine cannot be handed to one pod."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One port of one of the machine's addresses."""

    protocol: str
    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.protocol} {host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Owner:
    """The object that asks for a port."""

    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a listener leads."""

    to: Port
    owner: Owner
    field: str
    """What of the owner asks for it, in the words of its spec: `nodePort`, `port`, `externalIPs`, `hostPort`."""
    local: bool = False
    """Pods see the client's own address, and not the node's (`externalTrafficPolicy: Local`)."""
    sources: tuple[str, ...] = ()
    """Networks of the clients that may come in; all where there are none (`loadBalancerSourceRanges`)."""


@dataclass(frozen=True, slots=True)
class Service:
    """A Service, as far as the machine's ports are concerned."""

    owner: Owner
    address: str
    """Its cluster IP."""
    ports: Sequence[tuple[str, int, int]]
    """Protocol, port and node port, which is 0 where it has none."""
    balanced: bool = False
    """Its type is LoadBalancer, and no other class of load balancers is asked for."""
    external: Sequence[str] = ()
    local: bool = False
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of this node that asks for ports of it."""

    owner: Owner
    address: str
    ports: Sequence[tuple[str, str, int, int]]
    """Protocol, hostIP (empty for all of the node's), hostPort and containerPort."""


def wanted(
    services: Iterable[Service], pods: Iterable[Pod], addresses: Sequence[str]
) -> tuple[dict[Listener, Lead], list[tuple[Listener, Lead]]]:
    """The listeners that there are to be on a node of these addresses, and those whose place another one has.

    Services come before pods, and who is named first has a port; Kubernetes does not say who would.
    """
    found: dict[Listener, Lead] = {}
    refused: list[tuple[Listener, Lead]] = []
    for listener, lead in (*_of_services(services, addresses), *_of_pods(pods, addresses)):
        if listener.protocol not in PROTOCOLS:
            continue
        if listener in found and found[listener].to != lead.to:
            refused.append((listener, lead))
        else:
            found.setdefault(listener, lead)
    return found, refused


def _of_services(services: Iterable[Service], addresses: Sequence[str]) -> Iterator[tuple[Listener, Lead]]:
    for one in services:
        for protocol, port, node_port in one.ports:
            to = Port(protocol, one.address, port)
            if node_port:
                lead = Lead(to, one.owner, "nodePort", one.local)
                yield from ((Listener(protocol, address, node_port), lead) for address in addresses)
            if one.balanced:
                lead = Lead(to, one.owner, "port", one.local, one.sources)
                yield from ((Listener(protocol, address, port), lead) for address in addresses)
            lead = Lead(to, one.owner, "externalIPs", one.local)
            yield from ((Listener(protocol, address, port), lead) for address in one.external)


def _of_pods(pods: Iterable[Pod], addresses: Sequence[str]) -> Iterator[tuple[Listener, Lead]]:
    for pod in pods:
        for protocol, host, host_port, port in pod.ports:
            # Whoever asks for all of a node's addresses gets those that the operator has given to pods.
            named = [host] if host not in ("", "0.0.0.0", "::") else addresses
            lead = Lead(Port(protocol, pod.address, port), pod.owner, "hostPort", local=True)
            yield from ((Listener(protocol, address, host_port), lead) for address in named)
