"""The node's part in the pod network: its switch runs, knows the node's pods and the cluster's Services.

A switch that ends is started again and told everything anew; connections that stand do not notice.
"""

import asyncio
import logging
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.network import services, switch
from podvisor.network.services import Backends, Port
from podvisor.sandbox import driver, errors
from podvisor.sdk.objects import core

log = logging.getLogger(__name__)

API = sdk.Key("default", "kubernetes")
"""The Service of the API server, which runs on the machine and not in a pod."""
SERVICE = "kubernetes.io/service-name"
"""Label of a slice: the Service that it is about."""
BATCH = 0.01
"""Seconds for which changes are gathered."""
PATIENCE = 5.0
"""Seconds that a pod waits for a switch that is being started; it is joined to one that comes later."""


@dataclass(frozen=True, slots=True)
class _Member:
    sandbox: driver.Sandbox
    addresses: tuple[str, ...]


class Network:
    """Keeps the switch, and tells it of pods and Services."""

    def __init__(self, clock: Clock, host: str | None, known: sdk.Informers) -> None:
        """`host` is where the machine reaches the API server, `ADDRESS:PORT`."""
        self._clock = clock
        self._host = host
        self._services = known.of(sdk.kinds.SERVICES)
        self._slices = known.of(sdk.kinds.ENDPOINTSLICES)
        self._members: dict[str, _Member] = {}
        self._switch: switch.Switch | None = None
        self._running = asyncio.Event()
        self._tables: dict[sdk.Key, dict[Port, Backends]] = {}
        self._stale: set[sdk.Key] = set()
        self._changed = asyncio.Event()

    async def follow(self) -> None:
        """Know the cluster's Services and hear of their changes. Returns once all are known."""
        self._slices.cache.add_index("service", lambda one: [str(key)] if (key := _service_of(one)) else [])
        await self._services.wait_synced()
        await self._slices.wait_synced()
        self._services.on_change(self._service_changed)
        self._slices.on_change(self._slice_changed)

    async def run(self) -> None:
        """Run one switch to its end, which is an error of it."""
        async with switch.Switch(self._clock, self._host) as running:
            self._refresh()
            await running.services(self._whole(), ())
            self._switch = running
            try:
                for name, member in list(self._members.items()):
                    if self._members.get(name) is member:
                        await self._join(running, name, member)
                self._running.set()
                await tasks.first(running.ended(), self._update(running))
            finally:
                self._switch = None
                self._running.clear()
        raise errors.Ended("podvisor-switch has ended")

    async def join(self, name: str, sandbox: driver.Sandbox, addresses: Iterable[str]) -> None:
        """From now on the pod reaches others and is reached; it has a switch when this returns, where one runs."""
        member = self._members[name] = _Member(sandbox, tuple(addresses))
        with suppress(TimeoutError):
            async with self._clock.timeout(PATIENCE):
                await self._running.wait()
        if (running := self._switch) is not None:
            with suppress(errors.SandboxError):  # The next switch is told of it.
                await self._join(running, name, member)

    async def leave(self, name: str) -> None:
        """The pod is gone."""
        if self._members.pop(name, None) is not None and (running := self._switch) is not None:
            with suppress(errors.SandboxError):
                await running.forget(name)

    async def _join(self, running: switch.Switch, name: str, member: _Member) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            await running.pod(name, member.addresses, ours.fileno())
            with suppress(errors.Ended):  # Its worker learns that by itself.
                await member.sandbox.network(theirs.fileno())

    async def _update(self, running: switch.Switch) -> None:
        """Tell the switch of changes, some at a time."""
        while True:
            await self._changed.wait()
            await self._clock.sleep(BATCH)
            before = {port: one for key in self._stale for port, one in self._tables.get(key, {}).items()}
            now = self._refresh()
            fresh, gone = services.changes(before, now)
            if fresh or gone:
                await running.services(fresh, gone)

    def _whole(self) -> dict[Port, Backends]:
        return {port: one for table in self._tables.values() for port, one in table.items()}

    def _refresh(self) -> dict[Port, Backends]:
        """Look at what has changed; the tables of those Services."""
        self._changed.clear()
        found: dict[Port, Backends] = {}
        while self._stale:
            key = self._stale.pop()
            table = self._table(key)
            found |= table
            if table:
                self._tables[key] = table
            else:
                self._tables.pop(key, None)
        return found

    def _table(self, key: sdk.Key) -> dict[Port, Backends]:
        service = self._services.cache.get(key)
        if service is None:
            return {}
        slices = self._slices.cache.indexed("service", str(key))
        described = (services.Slice(one.ports, one.endpoints) for one in slices)
        return services.table(_described(service, is_api=key == API), described)

    def _service_changed(self, old: core.Service | None, new: core.Service | None) -> None:
        if (one := new or old) is not None:
            self._touch(sdk.key_of(one))

    def _slice_changed(self, old: core.EndpointSlice | None, new: core.EndpointSlice | None) -> None:
        for one in (old, new):
            if one is not None and (key := _service_of(one)) is not None:
                self._touch(key)

    def _touch(self, key: sdk.Key) -> None:
        self._stale.add(key)
        self._changed.set()


def _service_of(one: core.EndpointSlice) -> sdk.Key | None:
    name = one.metadata.labels.get(SERVICE)
    return sdk.Key(one.metadata.namespace, name) if name else None


def _described(service: core.Service, *, is_api: bool) -> services.Service:
    spec = service.spec
    addresses = [address for address in spec.cluster_ips or [spec.cluster_ip] if address not in ("", "None")]
    ports = [(port.name, port.port, port.protocol) for port in spec.ports if port.protocol in ("TCP", "UDP")]
    affinity = spec.affinity_seconds if spec.session_affinity == "ClientIP" else None
    return services.Service(addresses, ports, affinity, is_api)
