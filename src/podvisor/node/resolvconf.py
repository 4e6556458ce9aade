"""The pod's resolv.conf, as the kubelet and the container runtime below it write it.

https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from podvisor.node import objects

_NAMESERVERS = 3
"""How many the resolver of the C library asks."""
_SEARCHES = 32
_MACHINE = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
"""The second is what the first stands for where it only names a resolver on loopback, which no pod reaches."""


@dataclass(frozen=True, slots=True)
class Config:
    """A resolv.conf(5)."""

    nameservers: Sequence[str] = ()
    searches: Sequence[str] = ()
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values by name; empty for one that has none."""

    @property
    def text(self) -> str:
        """The file."""
        options = [f"{name}:{value}" if value else name for name, value in self.options.items()]
        lines = [f"search {' '.join(self.searches)}"] if self.searches else []
        lines += [f"nameserver {address}" for address in self.nameservers]
        lines += [f"options {' '.join(options)}"] if options else []
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster's DNS, as its pods use it."""

    server: str | None = None
    domain: str = "cluster.local"


def config(pod: objects.Pod, cluster: Cluster, machine: Config) -> Config:
    """What a pod gets by its `dnsPolicy` and `dnsConfig`."""
    more = pod.spec.dns_config
    base = _base(pod, cluster, machine)
    options = {**base.options, **{one.name: one.value or "" for one in more.options}}
    nameservers = _distinct([*base.nameservers, *more.nameservers])[:_NAMESERVERS]
    return Config(nameservers, _distinct([*base.searches, *more.searches])[:_SEARCHES], options)


def _base(pod: objects.Pod, cluster: Cluster, machine: Config) -> Config:
    spec, namespace = pod.spec, pod.metadata.namespace
    by_cluster = spec.dns_policy == "ClusterFirstWithHostNet" or (
        spec.dns_policy == "ClusterFirst" and not spec.host_network
    )
    if spec.dns_policy == "None":
        return Config()
    if not by_cluster or cluster.server is None:
        return machine
    own = [f"{namespace}.svc.{cluster.domain}", f"svc.{cluster.domain}", cluster.domain]
    return Config([cluster.server], [*own, *machine.searches], {"ndots": "5"})


def machine(paths: Iterable[Path] = _MACHINE) -> Config:
    """The machine's: of the first file that names a resolver which is not on loopback."""
    found = Config()
    for path in paths:
        with suppress(OSError, UnicodeDecodeError):
            read = parse(path.read_text())
            if any(not _is_loopback(address) for address in read.nameservers):
                return read
            found = found if found.nameservers else read
    return found


def parse(text: str) -> Config:
    """What a resolv.conf says: the last `search` or `domain` counts, and options add up."""
    nameservers: list[str] = []
    searches: list[str] = []
    options: dict[str, str] = {}
    for line in text.splitlines():
        match line.split():
            case ["nameserver", address, *_]:
                nameservers.append(address)
            case ["search" | "domain", *names]:
                searches = [name for name in names if name != "."]
            case ["options", *words]:
                options |= {name: value for name, _, value in (word.partition(":") for word in words)}
            case _:
                pass
    return Config(nameservers, searches, options)


def _is_loopback(address: str) -> bool:
    with suppress(ValueError):
        return ip_address(address).is_loopback
    return False


def _distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
