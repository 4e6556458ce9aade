"""What a single sandbox has of the network: `podvisor run --network`, `--allow` and `--publish`.

By default it has nothing but its loopback. With `--allow` it reaches what is named and nothing else: names are looked
up here, once, and stand in its /etc/hosts, so that no question leaves it for a resolver to carry off.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from podvisor.cli.main import Failure
from podvisor.network import egress
from podvisor.sandbox.process import Sandbox

if TYPE_CHECKING:  # Only who asks for a network pays for what it imports.
    from podvisor.network import policy, single

ADDRESS = "10.42.0.2"
"""The sandbox's own."""
NODE = "10.42.0.1"
"""Whom its programs see in place of a client on this machine."""
CLUSTER = ("10.42.0.0/24",)
_NAME = "run"
_OUR_FAILURE = 125
_PUBLISHED = re.compile(r"(?:(?P<address>[0-9.]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d{1,5}):(?P<inner>\d{1,5})")
_PLACE = re.compile(r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Published:
    """A port of this machine that leads into the sandbox."""

    address: str
    port: int
    inner: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What `--allow` says: a network, or a name and a port."""

    network: str = ""
    name: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """What a sandbox has of the network."""

    bounds: egress.Bounds = egress.NOTHING
    rules: policy.Rules | None = None
    """What of this it may; everything where there are none."""
    hosts: Sequence[tuple[str, str]] = ()
    """Lines of /etc/hosts: address and name."""
    resolvers: Sequence[str] = ()
    published: Sequence[Published] = field(default_factory=tuple[Published, ...])

    @property
    def is_needed(self) -> bool:
        """True if anything leads out of the sandbox or into it."""
        return bool(self.bounds.allow or self.published)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The sandbox's addresses beside loopback."""
        return (ADDRESS,) if self.is_needed else ()


class Publish(click.ParamType[Published]):
    """`[ADDR:]PORT:PORT`: the machine's, by default at 127.0.0.1, and the sandbox's."""

    name = "[ADDR:]PORT:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Published:
        match = _PUBLISHED.fullmatch(value)
        if match is None or not all(0 < int(match[name]) < 65536 for name in ("port", "inner")):
            self.fail(f"{value!r} is no port; write 8080:80 or 0.0.0.0:8080:80", param, ctx)
        try:
            address = str(ip_address((match["address"] or "127.0.0.1").strip("[]")))
        except ValueError:
            self.fail(f"{value!r}: {match['address']} is no address", param, ctx)
        return Published(address, int(match["port"]), int(match["inner"]))


class Allow(click.ParamType[Allowed]):
    """`CIDR` or `NAME:PORT`."""

    name = "CIDR|NAME:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Allowed:
        try:
            return Allowed(network=str(ip_network(value)))
        except ValueError:
            pass
        match = _PLACE.fullmatch(value)
        if match is None or not 0 < int(match["port"]) < 65536:
            self.fail(f"{value!r} is neither a network nor a name and a port; write 10.0.0.0/8 or NAME:443", param, ctx)
        return Allowed(name=match["name"], port=int(match["port"]))


def decide(
    network: Literal["none", "outside"] | None, allowed: Sequence[Allowed], published: Sequence[Published]
) -> Network:
    """What the flags come to. Raises click.UsageError, and Failure for a name that leads nowhere."""
    if network == "none" and allowed:
        raise click.UsageError("--allow says what is reached outside, and --network none that nothing is")
    if not allowed and network != "outside":
        return Network(published=published)
    if not allowed:
        return Network(egress.bounds(egress.EVERYTHING, (), CLUSTER), resolvers=_resolvers(), published=published)
    from podvisor.network import policy

    found = [(one, _looked_up(one.name) if one.name else [one.network]) for one in allowed]
    rules = tuple(_rule(networks, one.port) for one, networks in found)
    hosts = [(network, one.name) for one, networks in found if one.name for network in networks if one.name != network]
    reached = dict.fromkeys(str(ip_network(one)) for _, networks in found for one in networks)
    bounds = egress.bounds(reached, (), CLUSTER)
    return Network(bounds, policy.Rules(egress=rules), hosts, published=published)


def _rule(networks: Sequence[str], port: int) -> policy.Rule:
    from podvisor.network import policy

    ports = (("TCP", port, port),) if port else None
    return policy.Rule(blocks=tuple(policy.Block(str(ip_network(one))) for one in networks), ports=ports)


def _looked_up(name: str) -> Sequence[str]:
    """The addresses of a name, of which none may be this machine's own or a link's: who answers for a name need not be
    who was meant. An address that is written as one is as it was meant. Raises Failure."""
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError as error:
        raise Failure(f"--allow {name}: {error.strerror}", _OUR_FAILURE) from error
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses if name not in addresses else ():
        if _is_inside(address):
            why = f"--allow {name}: it is {address}, which is not outside; to allow that, name the address"
            raise Failure(why, _OUR_FAILURE)
    return addresses


def _is_inside(address: str) -> bool:
    """True if an address is this machine's, its link's or its cloud's: what wide networks do not include either."""
    one = ip_address(address)
    if one.is_loopback or one.is_link_local or one.is_unspecified or one.is_multicast or one.is_reserved:
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))  # Nothing is sent: it only looks up the way.
        except OSError:
            return address in egress.METADATA
        return address in (*egress.METADATA, probe.getsockname()[0])


def _resolvers() -> Sequence[str]:
    """The machine's resolvers that are reached from elsewhere too; a stub on loopback stands for those behind it."""
    from podvisor.network.dns import forwarding

    for path in ("/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"):
        found = [one for one in forwarding.resolvers(Path(path)) if not ip_address(one.split("%")[0]).is_loopback]
        if found:
            return found
    return ()


@contextmanager
def joined(sandbox: Sandbox, network: Network) -> Generator[None]:
    """Let a sandbox that was just described have its network for as long as the block runs. Raises Failure."""
    if not network.is_needed:
        yield
        return
    from podvisor.network import policy, single

    with single.Switch(network.bounds) as switch:
        if network.rules is not None:
            switch.policies(policy.Changes({_NAME: network.rules}, {}, [], []))
        switch.join(sandbox, _NAME, network.addresses)
        for one in network.published:
            _publish(switch, one)
        yield


def _publish(switch: single.Switch, one: Published) -> None:
    from podvisor.network.listeners import Lead, Listener, Owner
    from podvisor.network.services import Port

    family = socket.AF_INET6 if ":" in one.address else socket.AF_INET
    listener = Listener("TCP", one.address, one.port)
    try:
        opened = socket.create_server((one.address, one.port), family=family, backlog=1024)
    except OSError as error:
        place = str(listener).removeprefix("TCP ")
        raise Failure(f"--publish {place}: {socket_error(error)}", _OUR_FAILURE) from error
    with opened:
        opened.setblocking(False)
        lead = Lead(Port("TCP", ADDRESS, one.inner), Owner("", "", _NAME, ""), "publish", local=True)
        switch.listen(listener, lead, NODE, opened.fileno())


def socket_error(error: OSError) -> str:
    """Why a port cannot be had, without what Python adds to it."""
    return (error.strerror or str(error)).split(" (")[0]
