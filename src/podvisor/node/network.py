"""The node's part in the pod network: its switch runs, knows the node's pods and the cluster's Services.

A switch that ends is started again and told everything anew; connections that stand do not notice.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.network import policy, services, switch
from podvisor.network.egress import NOTHING, Bounds
from podvisor.network.listening import Listening
from podvisor.network.services import Backends, Port
from podvisor.node import balancers, objects, ports
from podvisor.node.policies import Policies
from podvisor.node.ports import AGAIN, Ports
from podvisor.sandbox import driver, errors
from podvisor.sdk.events import Recorder
from podvisor.sdk.objects import core

log = logging.getLogger(__name__)

API = sdk.Key("default", "kubernetes")
"""The Service of the API server, which runs on the machine and not in a pod."""
NODE = "node"
"""The switch's name for the node itself; those of pods are uids."""
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


@dataclass(frozen=True, slots=True)
class Outside:
    """What the network has to do with the rest of the world."""

    clock: Clock
    client: sdk.Client
    events: Recorder
    host: str | None = None
    """Where the machine reaches the API server, `ADDRESS:PORT`."""
    node: str = ""
    """The node's address in the pod network."""
    addresses: Sequence[str] = ()
    """The machine's addresses at which node ports and the like are open."""
    bounds: Bounds = NOTHING
    """What pods may reach outside of the cluster."""


@dataclass(frozen=True, slots=True)
class Own:
    """What the node itself serves in the pod network, and at which address."""

    address: str
    listening: Listening


class Network:
    """Keeps the switch, and tells it of pods, Services and policies."""

    def __init__(self, outside: Outside, known: sdk.Informers, node: str, own: Own | None = None) -> None:
        """`node` is this node's name, `own` what it serves itself."""
        self._own = own
        self._outside = outside
        self._clock = outside.clock
        self._client = outside.client
        self._ports = Ports(outside.addresses, outside.node, outside.events)
        self._pods = known.of(objects.PODS, sdk.Selection(fields=f"spec.nodeName={node}"))
        self._services = known.of(sdk.kinds.SERVICES)
        self._slices = known.of(sdk.kinds.ENDPOINTSLICES)
        self._members: dict[str, _Member] = {}
        self._switch: switch.Switch | None = None
        self._running = asyncio.Event()
        self._tables: dict[sdk.Key, dict[Port, Backends]] = {}
        self._stale: set[sdk.Key] = set()
        self._changed = asyncio.Event()
        self._policies = Policies(known, node, self._changed.set)
        self._told = policy.Table()
        self._exposed: dict[sdk.Key, core.Service] = {}
        """The Services that ask for ports of the machine, or did."""
        self._opening = asyncio.Lock()
        self._opened = asyncio.Event()

    async def follow(self) -> None:
        """Know the cluster's Services and policies, and hear of changes. Returns once all are known."""
        self._slices.cache.add_index("service", by_service)
        await self._services.wait_synced()
        await self._slices.wait_synced()
        self._services.on_change(self._service_changed)
        self._slices.on_change(self._slice_changed)
        await self._policies.follow()

    def close(self) -> None:
        """Give the machine's ports back."""
        self._ports.close()

    async def run(self) -> None:
        """Run one switch to its end, which is an error of it."""
        async with switch.Switch(self._clock, self._outside.host, self._outside.bounds) as running:
            self._refresh()
            await running.services(self._whole(), ())
            self._told = policy.Table()
            self._ports.forget()
            serving = await self._serve(running)
            self._switch = running
            try:
                for name, member in list(self._members.items()):
                    if self._members.get(name) is member:
                        await self._join(running, name, member)
                await self._refresh_ports(running)
                self._running.set()
                await tasks.first(running.ended(), self._update(running), self._report(), serving)
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
        self._changed.set()

    async def leave(self, name: str) -> None:
        """The pod is gone."""
        if self._members.pop(name, None) is not None and (running := self._switch) is not None:
            with suppress(errors.SandboxError):
                # Before its address can be another pod's.
                await self._refresh_ports(running)
                await running.forget(name)

    async def _join(self, running: switch.Switch, name: str, member: _Member) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            # First what it may do: it is never on the switch without.
            await self._tell_policies(running)
            await running.pod(name, member.addresses, ours.fileno())
            with suppress(errors.Ended):  # Its worker learns that by itself.
                await member.sandbox.network(theirs.fileno())

    async def _serve(self, running: switch.Switch) -> Awaitable[None]:
        """Have pods reach the node itself from now on; what is answered serves them as long as the switch runs."""
        if self._own is None:
            return running.ended()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            await running.pod(NODE, [self._own.address], theirs.fileno())
        return self._own.listening.hear(ours)

    async def _update(self, running: switch.Switch) -> None:
        """Tell the switch of changes, some at a time."""
        while True:
            await self._news()
            await self._clock.sleep(BATCH)
            before = {port: one for key in self._stale for port, one in self._tables.get(key, {}).items()}
            now = self._refresh()
            fresh, gone = services.changes(before, now)
            if fresh or gone:
                await running.services(fresh, gone)
            await self._tell_policies(running)
            await self._refresh_ports(running)

    async def _news(self) -> None:
        """Wait until something has changed, or a port that could not be had is to be tried again."""
        if not self._ports.failing:
            await self._changed.wait()
            return
        with suppress(TimeoutError):
            async with self._clock.timeout(AGAIN):
                await self._changed.wait()

    async def _refresh_ports(self, running: switch.Switch) -> None:
        async with self._opening:
            addresses = {uid: member.addresses for uid, member in self._members.items()}
            exposed = map(ports.service, self._exposed.values())
            await self._ports.refresh(running, exposed, ports.pods(self._pods.cache, addresses))
        self._opened.set()

    async def _report(self) -> None:
        """Write down where load balancers are reached, beside the work of the switch and not in its way."""
        while True:
            await self._opened.wait()
            self._opened.clear()
            try:
                await balancers.report(self._client, list(self._exposed.values()), self._outside.addresses, self._ports)
            except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
                log.warning("the status of a load balancer was not written: %s", error)

    async def _tell_policies(self, running: switch.Switch) -> None:
        before, self._told = self._told, self._policies.table()
        # Requests are sent in the order in which they are asked for: whoever finds this told goes behind it.
        if changes := policy.changes(before, self._told):
            await running.policies(changes)

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
        return services.table(_described(service, self._outside.node, is_api=key == API), described)

    def _service_changed(self, old: core.Service | None, new: core.Service | None) -> None:
        if (one := new or old) is not None:
            key = sdk.key_of(one)
            if new is not None and ports.is_exposed(new):
                self._exposed[key] = new
            else:
                self._exposed.pop(key, None)
            self._touch(key)

    def _slice_changed(self, old: core.EndpointSlice | None, new: core.EndpointSlice | None) -> None:
        for one in (old, new):
            if one is not None and (key := service_of(one)) is not None:
                self._touch(key)

    def _touch(self, key: sdk.Key) -> None:
        self._stale.add(key)
        self._changed.set()


def by_service(one: core.EndpointSlice) -> list[str]:
    """An index of slices: by the Service that they are about."""
    return [str(key)] if (key := service_of(one)) else []


def service_of(one: core.EndpointSlice) -> sdk.Key | None:
    """The Service that a slice is about."""
    name = one.metadata.labels.get(SERVICE)
    return sdk.Key(one.metadata.namespace, name) if name else None


def _described(service: core.Service, node: str, *, is_api: bool) -> services.Service:
    """`node` is the node's address in the pod network, where its node ports are too."""
    spec = service.spec
    own = [address for address in spec.cluster_ips or [spec.cluster_ip] if address not in ("", "None")]
    # From within a cluster its external addresses are no way out of it: kube-proxy catches them too.
    addresses = [*own, *(spec.external_ips if own else ())]
    ports = [(port.name, port.port, port.protocol) for port in spec.ports if port.protocol in ("TCP", "UDP")]
    affinity = spec.affinity_seconds if spec.session_affinity == "ClientIP" else None
    node_ports = [(port.name, port.node_port, port.protocol) for port in spec.ports if own and port.node_port]
    return services.Service(addresses, ports, affinity, is_api, node, node_ports)
