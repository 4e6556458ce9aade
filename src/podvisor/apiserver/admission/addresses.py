"""Addresses and node ports for Services, from the ranges in the settings.

The real server does this in the storage of services, with bitmaps of its own. Here the Services themselves are the
record of what is taken. Services are written one at a time (`Resource.shares_pool`), so that choosing and storing are
one step; with several API servers on one store that will not do any more.
"""

import ipaddress
import random
from collections.abc import Iterable, Iterator

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import field, status
from podvisor.types.field import Path

_ATTEMPTS = 64
_LOW_BAND = 16
"""Addresses at the beginning of the range that are only given on request, such as the DNS server's."""


async def allocate(change: Change, view: View) -> None:
    """Give a Service what it needs and lacks. Raises Invalid for what is taken or out of range."""
    is_service = (change.resource.group, change.resource.plural) == ("", "services") and not change.subresource
    if not is_service or change.new is None:
        return
    spec = change.new["spec"]
    others = [one["spec"] for one in await _services(change, view)]
    errors = [*_address(spec, others, view.settings.service_addresses), *_ports(spec, others, view.settings.node_ports)]
    if errors:
        raise status.Invalid(change.resource.as_kind(change.name), errors)


async def _services(change: Change, view: View) -> Iterable[Json]:
    """All Services but the one that is changed."""
    own = objects.key(change.resource, change.namespace, change.name)
    found = await view.storage.all(change.resource)
    return [objects.decode(change.resource, kv) for kv in found.kvs if kv.key != own]


def _address(spec: Json, others: Iterable[Json], allowed: str) -> Iterator[field.Error]:
    if spec["type"] == "ExternalName":
        for name in ("clusterIP", "clusterIPs"):
            spec.pop(name, None)
        return
    wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs", ())), "")
    taken = {one.get("clusterIP") for one in others}
    network = ipaddress.ip_network(allowed)
    if not wanted:
        wanted = _free_address(network, taken)
    elif wanted != "None":
        yield from _check_address(wanted, taken, network)
    spec["clusterIP"], spec["clusterIPs"] = wanted, [wanted]


def _check_address(
    wanted: str, taken: set[str | None], network: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> Iterator[field.Error]:
    path = "spec.clusterIPs"
    try:
        inside = ipaddress.ip_address(wanted) in network
    except ValueError:
        return
    if not inside:
        detail = f"failed to allocate IP {wanted}: the provided network does not match the current range"
        yield field.invalid(path, [wanted], f"{detail}: it is not in the valid range {network}")
    elif wanted in taken:
        yield field.invalid(path, [wanted], f"failed to allocate IP {wanted}: provided IP is already allocated")


def _free_address(network: ipaddress.IPv4Network | ipaddress.IPv6Network, taken: set[str | None]) -> str:
    last = network.num_addresses - 2
    first = min(_LOW_BAND, last)
    for _ in range(_ATTEMPTS):
        if (found := str(network[random.randint(first, last)])) not in taken:
            return found
    for place in range(1, last + 1):
        if (found := str(network[place])) not in taken:
            return found
    raise status.InternalError("failed to allocate a serviceIP: range is full")


def _ports(spec: Json, others: Iterable[Json], allowed: tuple[int, int]) -> Iterator[field.Error]:
    if spec["type"] not in ("NodePort", "LoadBalancer"):
        return
    taken = {(port.get("nodePort"), port["protocol"]) for one in others for port in one.get("ports", ())}
    for index, port in enumerate(spec.get("ports", ())):
        here = Path("spec.ports").at(index).child("nodePort")
        wanted = port.get("nodePort", 0)
        if not wanted and spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
            continue
        if not wanted:
            port["nodePort"] = wanted = _free_port(taken, port["protocol"], allowed)
        elif not allowed[0] <= wanted <= allowed[1]:
            shown = f"{allowed[0]}-{allowed[1]}"
            yield field.invalid(
                here, wanted, f"provided port is not in the valid range. The range of valid ports is {shown}"
            )
        elif (wanted, port["protocol"]) in taken:
            yield field.invalid(here, wanted, "provided port is already allocated")
        taken.add((wanted, port["protocol"]))


def _free_port(taken: set[tuple[int | None, str]], protocol: str, allowed: tuple[int, int]) -> int:
    free = [port for port in range(allowed[0], allowed[1] + 1) if (port, protocol) not in taken]
    if not free:
        raise status.InternalError("failed to allocate a nodePort: range is full")
    return random.choice(free)
