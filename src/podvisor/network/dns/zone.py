"""What the names below the cluster's domain mean.

https://github.com/kubernetes/dns/blob/master/docs/specification.md, version 1.1.0. Where that is silent, CoreDNS'
`kubernetes` plugin is followed: endpoints without a hostname are named by their address (`10-1-2-3`), and pods have
the names that its `pods insecure` gives them.
"""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Type = Literal["A", "AAAA", "CNAME", "NS", "PTR", "SOA", "SRV", "TXT"]

TTL = 5
"""Seconds that an answer may be kept: a pod that ends is not asked for much longer."""
VERSION = "1.1.0"
_CHAIN = 8
"""How many ExternalNames may lead to one another."""


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record. `data` is an address, a name or a text; of SRV "priority weight port target"."""

    name: str
    type: Type
    data: str
    ttl: int = TTL


@dataclass(frozen=True, slots=True)
class Port:
    """A port of a Service or of its endpoints."""

    name: str
    number: int
    protocol: str
    """TCP, UDP or SCTP."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a Service says that names depend on."""

    namespace: str
    name: str
    addresses: Sequence[str] = ()
    """Its cluster IPs; none if it is headless."""
    ports: Sequence[Port] = ()
    external_name: str = ""
    """For one that only is another name."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One pod behind a Service that is ready, or is published all the same."""

    address: str
    hostname: str = ""
    ports: Sequence[Port] = ()

    @property
    def label(self) -> str:
        """Its name below the Service's."""
        return self.hostname or self.address.replace(".", "-").replace(":", "-")


class Cluster(Protocol):
    """What there is."""

    def has_namespace(self, name: str) -> bool:
        """True if there is a namespace of that name."""
        ...

    def service(self, namespace: str, name: str) -> Service | None:
        """A Service."""
        ...

    def endpoints(self, namespace: str, name: str) -> Sequence[Endpoint]:
        """The endpoints of a Service."""
        ...

    def services_at(self, address: str) -> Sequence[Service]:
        """The Services with this cluster IP, or with an endpoint of this address."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question."""

    exists: bool
    """False is NXDOMAIN: neither the name is there nor one below it."""
    records: Sequence[Record] = ()
    additional: Sequence[Record] = ()
    outside: str = ""
    """The name that the last CNAME leads to where that is not the cluster's."""


_MISSING = Answer(exists=False)
_EMPTY = Answer(exists=True)


@dataclass(frozen=True, slots=True)
class Zone:
    """The cluster's domain."""

    domain: str
    """`cluster.local`, without a dot at its end."""
    cluster: Cluster
    server: str
    """The address of the DNS server itself."""

    def owns(self, name: str) -> bool:
        """True if the name, in lower case, is the cluster's to answer."""
        return name == self.domain or name.endswith(f".{self.domain}") or self._is_own_address(name)

    def _is_own_address(self, name: str) -> bool:
        address = address_of(name)
        return address is not None and bool(self.cluster.services_at(address))

    def answer(self, name: str, kind: str, depth: int = 0) -> Answer:
        """The answer to a question. `name` has no dot at its end and is kept as it is written in the records."""
        lower = name.lower()
        if (address := address_of(lower)) is not None:
            return self._pointers(name, address, kind)
        labels = lower.removesuffix(self.domain).rstrip(".").split(".")[::-1]
        match labels:
            case [""]:
                return self._apex(name, kind)
            case ["dns-version"]:
                return _of_kind(kind, [Record(name, "TXT", VERSION)])
            case ["dns", "ns"]:
                return _of_kind(kind, _addresses(name, [self.server]))
            case ["svc" | "pod" | "dns"]:
                return _EMPTY
            case ["svc" | "pod", namespace]:
                return _EMPTY if self.cluster.has_namespace(namespace) else _MISSING
            case ["pod", namespace, host]:
                return self._pod(name, namespace, host, kind)
            case ["svc", namespace, service, *below]:
                return self._service(name, (namespace, service), below, kind, depth)
            case _:
                return _MISSING

    def soa(self, now: int) -> Record:
        """The record that goes with NXDOMAIN, and says for how long that may be kept."""
        return Record(self.domain, "SOA", f"ns.dns.{self.domain} hostmaster.{self.domain} {now} 7200 1800 86400 {TTL}")

    def _apex(self, name: str, kind: str) -> Answer:
        if kind == "NS":
            return Answer(True, [Record(name, "NS", f"ns.dns.{self.domain}")])
        return Answer(True, [self.soa(0)]) if kind == "SOA" else _EMPTY

    def _pod(self, name: str, namespace: str, host: str, kind: str) -> Answer:
        if not self.cluster.has_namespace(namespace):
            return _MISSING
        for text in (host.replace("-", "."), host.replace("-", ":")):
            if _is_address(text):
                return _of_kind(kind, _addresses(name, [text]))
        return _MISSING

    def _service(self, name: str, which: tuple[str, str], below: Sequence[str], kind: str, depth: int) -> Answer:
        service = self.cluster.service(*which)
        if service is None:
            return _MISSING
        if service.external_name:
            return _MISSING if below else self._other_name(name, service.external_name, kind, depth)
        match below:
            case []:
                return self._whole(name, service, kind)
            case [protocol] if protocol in ("_tcp", "_udp", "_sctp"):
                return _EMPTY
            case [protocol, port] if protocol.startswith("_") and port.startswith("_"):
                return self._port(name, service, (port[1:], protocol[1:].upper()), kind)
            case [label]:
                return self._endpoint(name, service, label, kind)
            case _:
                return _MISSING

    def _other_name(self, name: str, target: str, kind: str, depth: int) -> Answer:
        target = target.rstrip(".")
        first = Record(name, "CNAME", target)
        if kind == "CNAME" or depth >= _CHAIN:
            return Answer(True, [first])
        if not self.owns(target.lower()):
            return Answer(True, [first], outside=target)
        more = self.answer(target, kind, depth + 1)
        return Answer(True, [first, *more.records], more.additional, more.outside)

    def _whole(self, name: str, service: Service, kind: str) -> Answer:
        endpoints = () if service.addresses else self.cluster.endpoints(service.namespace, service.name)
        if not service.addresses and not endpoints:
            return _MISSING
        if kind == "SRV":
            return self._locations(name, service, endpoints, lambda port: True)
        return _of_kind(kind, _addresses(name, service.addresses or [one.address for one in endpoints]))

    def _port(self, name: str, service: Service, wanted: tuple[str, str], kind: str) -> Answer:
        def fits(port: Port) -> bool:
            return (port.name, port.protocol) == wanted

        endpoints = () if service.addresses else self.cluster.endpoints(service.namespace, service.name)
        offered = [one for one in endpoints if any(map(fits, one.ports))]
        if not offered and not (service.addresses and any(map(fits, service.ports))):
            return _MISSING
        if kind == "SRV":
            return self._locations(name, service, offered, fits)
        return _of_kind(kind, _addresses(name, service.addresses or [one.address for one in offered]))

    def _endpoint(self, name: str, service: Service, label: str, kind: str) -> Answer:
        found = [one for one in self.cluster.endpoints(service.namespace, service.name) if one.label.lower() == label]
        if not found:
            return _MISSING
        if kind == "SRV":
            return self._locations(name, service, found, lambda port: True)
        return _of_kind(kind, _addresses(name, [one.address for one in found]))

    def _locations(
        self, name: str, service: Service, endpoints: Sequence[Endpoint], fits: Callable[[Port], bool]
    ) -> Answer:
        """SRV records, and where their targets are."""
        whole = f"{service.name}.{service.namespace}.svc.{self.domain}"
        targets = [(f"{one.label}.{whole}", [one.address], one.ports) for one in endpoints]
        if not endpoints:
            targets = [(whole, list(service.addresses), service.ports)]
        weight = max(1, 100 // len(targets))
        records = [
            Record(name, "SRV", f"0 {weight} {port.number} {target}")
            for target, _, ports in targets
            for port in ports
            if fits(port)
        ]
        places = [record for target, addresses, _ in targets for record in _addresses(target, addresses)]
        return Answer(True, _distinct(records), _distinct(places))

    def _pointers(self, name: str, address: str, kind: str) -> Answer:
        targets: list[str] = []
        for service in self.cluster.services_at(address):
            whole = f"{service.name}.{service.namespace}.svc.{self.domain}"
            if address in service.addresses:
                return _of_kind(kind, [Record(name, "PTR", whole)])
            endpoints = self.cluster.endpoints(service.namespace, service.name)
            targets += [f"{one.label}.{whole}" for one in endpoints if one.address == address]
        return _of_kind(kind, [Record(name, "PTR", target) for target in targets]) if targets else _MISSING


def address_of(name: str) -> str | None:
    """The address that a name below `in-addr.arpa` or `ip6.arpa` asks about; None for other names."""
    if name.endswith(".in-addr.arpa"):
        text = ".".join(name.removesuffix(".in-addr.arpa").split(".")[::-1])
    elif name.endswith(".ip6.arpa"):
        digits = "".join(name.removesuffix(".ip6.arpa").split(".")[::-1])
        text = ":".join(digits[place : place + 4] for place in range(0, len(digits), 4))
    else:
        return None
    return str(ipaddress.ip_address(text)) if _is_address(text) else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _addresses(name: str, addresses: Sequence[str]) -> list[Record]:
    return [Record(name, "AAAA" if ":" in address else "A", address) for address in addresses]


def _of_kind(kind: str, records: Sequence[Record]) -> Answer:
    """Those that were asked for; a name with others is there all the same."""
    return Answer(True, [record for record in records if kind == record.type])


def _distinct(records: Sequence[Record]) -> Sequence[Record]:
    return list(dict.fromkeys(records))
