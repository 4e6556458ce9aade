"""Load balancers: the address of a Service of that type is its node's, once the node listens there.

https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer . A Service that names another
`loadBalancerClass` is somebody else's.
"""

import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from podvisor import sdk
from podvisor.network.listeners import PROTOCOLS, Listener
from podvisor.node.ports import Ports
from podvisor.sdk.objects import core

Json = dict[str, Any]


async def report(client: sdk.Client, services: Iterable[core.Service], addresses: Sequence[str], opened: Ports) -> None:
    """Write the addresses of all Services where they are not what their status says."""
    for one in services:
        wanted = ingress(one, addresses, opened)
        if one.spec.load_balancer_class or wanted == one.balanced_at:
            continue
        with suppress(sdk.errors.NotFound):
            patch = {"status": {"loadBalancer": {"ingress": wanted or None}}}
            await client.patch(sdk.kinds.SERVICES, sdk.key_of(one), patch, sdk.STATUS)


def ingress(one: core.Service, addresses: Sequence[str], opened: Ports) -> list[Json]:
    """What `status.loadBalancer.ingress` is to say: the addresses at which all ports of the Service are open."""
    if one.spec.type != "LoadBalancer":
        return []
    ports = [(port.protocol, port.port) for port in one.spec.ports if port.protocol in PROTOCOLS]
    if not ports:
        return []
    at = [
        address
        for address in addresses
        if all(opened.has(Listener(protocol, address, number)) for protocol, number in ports)
    ]
    return [{"ip": reachable(address), "ipMode": "VIP"} for address in at]


def reachable(address: str) -> str:
    """An address at which a listener is reached: one of the machine's, where it listens at all of them."""
    if address not in ("0.0.0.0", "::"):
        return address
    family, elsewhere = (socket.AF_INET, "192.0.2.1") if address == "0.0.0.0" else (socket.AF_INET6, "2001:db8::1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((elsewhere, 9))  # Nothing is sent: it only looks up the way.
        except OSError:
            return "127.0.0.1" if family == socket.AF_INET else "::1"
        return str(probe.getsockname()[0])
