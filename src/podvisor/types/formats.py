"""Which texts Kubernetes accepts as addresses, paths, percentages and the like (apimachinery `pkg/util/validation`)."""

import ipaddress
import re
from collections.abc import Iterator
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_HEADER = re.compile(r"[-A-Za-z0-9]+").fullmatch
_PERCENT = re.compile(r"[0-9]+%").fullmatch

IP_MESSAGE = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR_MESSAGE = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
HEADER_MESSAGE = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is '[-A-Za-z0-9]+')"
)
PERCENT_MESSAGE = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)


def address(value: str) -> Address | None:
    """An IP address, None if it is none. Zeros before a number are passed over, as Kubernetes does in old fields."""
    try:
        return ipaddress.ip_address(_without_zeros(value) if "%" not in value else "")
    except ValueError:
        return None


def network(value: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """A network, None if it is none; the address may have bits behind the prefix."""
    base, slash, length = value.partition("/")
    if not slash or not (length.isascii() and length.isdecimal()) or address(base) is None:
        return None
    try:
        return ipaddress.ip_network(f"{_without_zeros(base)}/{length}", strict=False)
    except ValueError:
        return None


def ip(value: str) -> Iterator[str]:
    """Objections to an IP address."""
    if address(value) is None:
        yield IP_MESSAGE


def no_ip(value: str) -> Iterator[str]:
    """Objections to a host name that is an IP address."""
    if address(value) is not None:
        yield "must be a DNS name, not an IP address"


def cidr(value: str) -> Iterator[str]:
    """Objections to a network."""
    if network(value) is None:
        yield CIDR_MESSAGE


def canonical_ip(value: str) -> Iterator[str]:
    """Objections to an IP address that must be written as Go writes it: new fields."""
    found = address(value)
    if found is None:
        yield IP_MESSAGE
    elif found.version == 4 and str(found) != value:
        yield "must not have leading 0s"
    elif found.version == 6 and found.ipv4_mapped:
        yield "must not be an IPv4-mapped IPv6 address"
    elif str(found) != value:
        yield f'must be in canonical form ("{found}")'


def canonical_cidr(value: str) -> Iterator[str]:
    """Objections to a network that must be written as Go writes it: new fields."""
    base, _, length = value.partition("/")
    found = network(value)
    if found is None:
        yield CIDR_MESSAGE
    elif _without_zeros(base) != base or str(int(length)) != length:
        yield "must not have leading 0s in IP or prefix length"
    elif isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped:
        yield "must not have an IPv4-mapped IPv6 address"
    elif address(base) != found.network_address:
        yield "must not have bits set beyond the prefix length"
    elif str(found) != value:
        yield f'must be in canonical form ("{found}")'


def http_header(value: str) -> Iterator[str]:
    """Objections to the name of an HTTP header."""
    if not _HEADER(value):
        yield HEADER_MESSAGE


def percent(value: str) -> Iterator[str]:
    """Objections to a percentage."""
    if not _PERCENT(value):
        yield PERCENT_MESSAGE


def no_backsteps(value: str) -> Iterator[str]:
    """Objections to a path that leads up."""
    if ".." in value.split("/"):
        yield "must not contain '..'"


def descending(value: str) -> Iterator[str]:
    """Objections to a path that must stay below its root."""
    if value.startswith("/"):
        yield "must be a relative path"
    yield from no_backsteps(value)


def unreserved(value: str) -> Iterator[str]:
    """Objections to a file's path below its volume, where names that begin with `..` are the node's own."""
    yield from descending(value)
    if value.startswith("..") and not value.startswith("../"):
        yield "must not start with '..'"


def _without_zeros(value: str) -> str:
    return ".".join(part.lstrip("0") or "0" for part in value.split(".")) if re.fullmatch(r"[\d.]+", value) else value


def endpoint_ip(value: str, *, loopback: bool = False) -> Iterator[str]:
    """Objections to an address where traffic is sent to: not the node's own, nor one that is no machine's.

    `loopback` is True where the node's own will do.
    """
    found = address(value)
    if found is None:
        yield "must be a valid IP address"
        return
    if found.is_unspecified:
        yield f"may not be unspecified ({value})"
    if found.is_loopback and not loopback:
        yield "may not be in the loopback range (127.0.0.0/8, ::1/128)"
    if not found.is_multicast and found.is_link_local:
        yield "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
    if found.is_multicast and found in ipaddress.ip_network("224.0.0.0/24" if found.version == 4 else "ff02::/16"):
        yield "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
