"""Which proxy a request goes through, as programs written in Go read HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

What is on this machine is never asked through a proxy. NO_PROXY lists names (`example.com` and all below it,
`.example.com` only what is below), addresses and networks, each with a port or without; `*` is everything
(https://pkg.go.dev/golang.org/x/net/http/httpproxy).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from yarl import URL

from podvisor.images.errors import BadConfiguration, quiet
from podvisor.images.registry import hosts


def choose(url: URL, environment: Mapping[str, str]) -> URL | None:
    """The proxy for an address; None where it is asked directly. Raises BadConfiguration."""
    host, name = url.host or "", f"{url.scheme}_proxy"
    value = environment.get(name.upper()) or environment.get(name)
    direct = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    if not value or hosts.is_here(host) or any(_covers(word.strip(), host, url.port) for word in direct.split(",")):
        return None
    try:
        proxy = URL(value if "://" in value else f"http://{value}")
    except ValueError as error:
        raise BadConfiguration(f"{name.upper()} is no address") from error
    if proxy.scheme not in ("http", "https") or not proxy.host:
        raise BadConfiguration(f"{name.upper()}: {quiet(value)!r} is no http or https address")
    return proxy


def _covers(word: str, host: str, port: int | None) -> bool:
    """True if a word of NO_PROXY is for this host."""
    if word == "*":
        return True
    if network := _network(word):
        address = _network(host)
        return address is not None and address.version == network.version and address.subnet_of(network)  # pyright: ignore[reportArgumentType]  # of one version
    name, _, only = word.lower().partition(":")
    name = name.removeprefix("*")
    if not name or (only and only != str(port)):
        return False
    return host == name or host.endswith(name if name.startswith(".") else f".{name}")


def _network(word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(word.strip("[]"), strict=False)
    except ValueError:
        return None
