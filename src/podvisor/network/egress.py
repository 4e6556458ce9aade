"""What pods may reach outside of the cluster, as the operator bounds it: docs/adr/0010.

The switch judges each address when a connection is made. What is the machine's own, and what only it may know, must be
named by the operator and is not part of `all`; that list is the switch's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network

EVERYTHING = ("0.0.0.0/0", "::/0")

METADATA = frozenset({"168.63.129.16", "100.100.100.200", "192.0.0.192"})
"""Where clouds tell a machine its secrets, beside link-local addresses."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Networks as CIDRs. What is denied is denied, whatever is allowed."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


NOTHING = Bounds()


def parse(text: str) -> tuple[str, ...]:
    """Networks from `all`, `none`, or CIDRs and addresses with commas between. Raises ValueError, which names one."""
    if text == "all":
        return EVERYTHING
    return () if text == "none" else networks(text)


def networks(text: str) -> tuple[str, ...]:
    """Networks from CIDRs and addresses with commas between. Raises ValueError, which names the one that is none."""
    return tuple(str(_network(word.strip())) for word in text.split(",") if word.strip())


def bounds(allow: Iterable[str], deny: Iterable[str], cluster: Iterable[str]) -> Bounds:
    """An operator's bounds for a cluster, of whose own addresses none is outside, also those that nobody has now."""
    return Bounds(tuple(allow), (*deny, *cluster))


def _network(word: str) -> object:
    try:
        return ip_network(word)
    except ValueError as error:
        raise ValueError(f"{word!r} is no network; write 10.0.0.0/8, or an address") from error
