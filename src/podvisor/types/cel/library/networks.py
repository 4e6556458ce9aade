# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Addresses and networks: `cidr("10.0.0.0/8").containsIP(self.ip)` (apiserver `library/ip.go`, `cidr.go`)."""

import ipaddress
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from podvisor.types.cel import values
from podvisor.types.cel.declarations import Overload, function, method, traversal
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, INT, STRING, opaque
from podvisor.types.cel.values import size
from podvisor.types.formats import Address

IP, CIDR = opaque("net.IP"), opaque("net.CIDR")
_PREFIX = re.compile(r"(?:0|[1-9]\d{0,2})\Z", re.A)


@dataclass(frozen=True, slots=True)
class IPValue:
    """An address."""

    address: Address

    @property
    def cel_size(self) -> int:
        """In bytes."""
        return self.address.max_prefixlen // 8

    def __str__(self) -> str:
        return str(self.address)


@dataclass(frozen=True, slots=True)
class CIDRValue:
    """A network as it was written: its address may have bits behind the prefix."""

    address: Address
    prefix: int

    @property
    def cel_size(self) -> int:
        """The prefix in bytes."""
        return math.ceil(self.prefix / 8)

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix}"

    def holds(self, address: Address) -> bool:
        """True if the address lies in the network."""
        shift = self.address.max_prefixlen - self.prefix
        return address.version == self.address.version and int(address) >> shift == int(self.address) >> shift


values.register(IPValue, IP.name)
values.register(CIDRValue, CIDR.name)


def _address(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise EvaluationError(
            f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): unable to parse IP'
        ) from None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise EvaluationError(f'IP address "{text}" with zone value is not allowed')
        if address.ipv4_mapped is not None:
            raise EvaluationError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return address


def _ip(text: str) -> IPValue:
    return IPValue(_address(text))


def _cidr(text: str) -> CIDRValue:
    base, slash, length = text.partition("/")
    wrong = "network address parse error during conversion from string"
    if not slash:
        raise EvaluationError(f"{wrong}: {wrong}: netip.ParsePrefix(\"{text}\"): no '/'")
    try:
        address = _address(base)
    except EvaluationError as error:
        raise EvaluationError(f"{wrong}: {error}") from None
    if not _PREFIX.match(length) or int(length) > address.max_prefixlen:
        raise EvaluationError(f'{wrong}: {wrong}: netip.ParsePrefix("{text}"): prefix length out of range')
    return CIDRValue(address, int(length))


def _is(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    def run(text: str) -> bool:
        try:
            parse(text)
        except EvaluationError:
            return False
        return True

    return run


def _global(ip: IPValue) -> bool:
    address = ip.address
    broadcast = address == ipaddress.ip_address("255.255.255.255")
    return not (
        broadcast or address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    )


def _link_local_multicast(ip: IPValue) -> bool:
    address = ip.address
    return address.is_multicast and address in ipaddress.ip_network(
        "224.0.0.0/24" if address.version == 4 else "ff02::/16"
    )


def _contains_network(outer: CIDRValue, inner: CIDRValue) -> bool:
    return outer.prefix <= inner.prefix and outer.holds(inner.address)


def _masked(network: CIDRValue) -> CIDRValue:
    whole = ipaddress.ip_network(str(network), strict=False)
    return CIDRValue(whole.network_address, network.prefix)


def _within(arguments: Sequence[Any], _result: Any) -> int:
    return math.ceil(2 * size(arguments[0]) * 0.1) + (
        math.ceil(size(arguments[1]) * 0.1) if isinstance(arguments[1], str) else 0
    )


def _within_network(arguments: Sequence[Any], result: Any) -> int:
    return _within(arguments, result) + math.ceil(size(arguments[0]) * 0.1) + 1


FUNCTIONS: tuple[Overload, ...] = (
    function("ip", (STRING,), IP, _ip, traversal()),
    function("isIP", (STRING,), BOOL, _is(_ip), traversal()),
    function("ip.isCanonical", (STRING,), BOOL, lambda text: str(_address(text)) == text, traversal(0.2)),
    method("family", (IP,), INT, lambda ip: ip.address.version),
    method("isUnspecified", (IP,), BOOL, lambda ip: ip.address.is_unspecified),
    method("isLoopback", (IP,), BOOL, lambda ip: ip.address.is_loopback),
    method("isLinkLocalMulticast", (IP,), BOOL, _link_local_multicast),
    method("isLinkLocalUnicast", (IP,), BOOL, lambda ip: ip.address.is_link_local),
    method("isGlobalUnicast", (IP,), BOOL, _global),
    function("string", (IP,), STRING, str),
    function("cidr", (STRING,), CIDR, _cidr, traversal()),
    function("isCIDR", (STRING,), BOOL, _is(_cidr), traversal()),
    method("containsIP", (CIDR, STRING), BOOL, lambda network, text: network.holds(_address(text)), _within),
    method("containsIP", (CIDR, IP), BOOL, lambda network, ip: network.holds(ip.address), _within),
    method(
        "containsCIDR",
        (CIDR, STRING),
        BOOL,
        lambda network, text: _contains_network(network, _cidr(text)),
        _within_network,
    ),
    method("containsCIDR", (CIDR, CIDR), BOOL, _contains_network, _within_network),
    method("ip", (CIDR,), IP, lambda network: IPValue(network.address)),
    method("prefixLength", (CIDR,), INT, lambda network: network.prefix),
    method("masked", (CIDR,), CIDR, _masked),
    function("string", (CIDR,), STRING, str),
)
