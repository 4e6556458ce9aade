"""The ports of this machine that lead to pods: opened, handed to the switch, and closed when nobody asks for them.

A port that cannot be had is an event on the Service or pod that asks for it, and is tried again.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from podvisor import sdk
from podvisor.network import listeners, switch
from podvisor.network.listeners import Lead, Listener, Owner
from podvisor.node import objects
from podvisor.sdk.events import Recorder
from podvisor.sdk.objects import core

AGAIN = 10.0
"""Seconds after which a port that could not be had is tried again."""
BACKLOG = 1024
_KINDS: Mapping[str, sdk.Resource[Any]] = {"Service": sdk.kinds.SERVICES, "Pod": sdk.kinds.PODS}


class Ports:
    """Keeps the listeners. They outlive a switch: who connects meanwhile waits for the next one."""

    def __init__(self, addresses: Sequence[str], node: str, events: Recorder) -> None:
        """`addresses` are those of the machine that have the ports; `node` is whom pods see in place of a client."""
        self._addresses = addresses
        self._node = node
        self._events = events
        self._open: dict[Listener, socket.socket] = {}
        self._told: dict[Listener, Lead] = {}
        self._complaints: dict[tuple[Listener, Owner], str] = {}
        self.failing = False
        """A port could not be had."""

    def forget(self) -> None:
        """There is a new switch, which knows of no listener."""
        self._told = {}

    def close(self) -> None:
        """Give all ports back."""
        for one in self._open.values():
            one.close()
        self._open.clear()

    async def refresh(
        self, running: switch.Switch, services: Iterable[listeners.Service], pods: Iterable[listeners.Pod]
    ) -> None:
        """Have the ports that these ask for, and no others."""
        wanted, refused = listeners.wanted(services, pods, self._addresses)
        complaints = {(listener, lead.owner): (lead, "another Service or pod has it") for listener, lead in refused}
        await self._close(running, [listener for listener in self._open if listener not in wanted])
        for listener, lead in wanted.items():
            if self._told.get(listener) == lead:
                continue
            try:
                opened = self._open.get(listener) or self._bind(listener)
            except OSError as error:
                # An external address that this machine does not have may be another's, as with kube-proxy.
                if lead.field != "externalIPs":
                    complaints[listener, lead.owner] = lead, os.strerror(error.errno or 0)
                continue
            await running.listen(listener, lead, self._node, opened.fileno())
            self._told[listener] = lead
        self._complain(complaints)

    def has(self, listener: Listener) -> bool:
        """True if it is open, and the switch takes in who comes."""
        return listener in self._told

    async def _close(self, running: switch.Switch, gone: Iterable[Listener]) -> None:
        for listener in gone:
            self._open.pop(listener).close()
            if self._told.pop(listener, None) is not None:
                await running.unlisten(listener)

    def _bind(self, listener: Listener) -> socket.socket:
        family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
        opened = socket.create_server((listener.address, listener.port), family=family, backlog=BACKLOG)
        opened.setblocking(False)
        self._open[listener] = opened
        return opened

    def _complain(self, complaints: Mapping[tuple[Listener, Owner], tuple[Lead, str]]) -> None:
        """Say each thing once, for as long as it is so."""
        self.failing = bool(complaints)
        for (listener, owner), (lead, why) in complaints.items():
            if self._complaints.get((listener, owner)) != why:
                about = sdk.objects.ObjectMeta(name=owner.name, namespace=owner.namespace, uid=owner.uid)
                message = f"{lead.field} {listener}: {why}"
                self._events.warning(_KINDS[owner.kind], core.Service(metadata=about), "PortUnavailable", message)
        self._complaints = {key: why for key, (_, why) in complaints.items()}


def is_exposed(one: core.Service) -> bool:
    """True if the Service asks for ports of the machine, or its status says that it has some."""
    spec = one.spec
    return bool(spec.type in ("NodePort", "LoadBalancer") or spec.external_ips or one.balanced_at)


def service(one: core.Service) -> listeners.Service:
    """A Service, as far as ports of the machine are concerned."""
    spec = one.spec
    meta = one.metadata
    local = spec.external_traffic_policy == "Local"
    balanced = spec.type == "LoadBalancer" and not spec.load_balancer_class
    has_address = spec.cluster_ip not in ("", "None")
    ports = [(port.protocol, port.port, port.node_port) for port in spec.ports] if has_address else []
    owner = Owner("Service", meta.namespace, meta.name, meta.uid)
    sources = tuple(spec.load_balancer_source_ranges)
    return listeners.Service(owner, spec.cluster_ip, ports, balanced, spec.external_ips, local, sources)


def pods(known: Iterable[objects.Pod], addresses: Mapping[str, Sequence[str]]) -> Iterator[listeners.Pod]:
    """The pods that ask for ports of the machine; `addresses` are of those that run, by their uid."""
    for pod in known:
        meta = pod.metadata
        with suppress(KeyError, IndexError):
            address = addresses[meta.uid][0]
            ports = [
                (port.protocol, port.host_ip, port.host_port, port.container_port)
                for container in pod.every_container
                for port in container.ports
                if port.host_port
            ]
            if ports:
                yield listeners.Pod(Owner("Pod", meta.namespace, meta.name, meta.uid), address, ports)
