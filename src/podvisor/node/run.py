"""The node, put together: its server, its Node object, its heartbeat, and a worker for each of its pods."""

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.network import egress
from podvisor.network.dns import forwarding
from podvisor.network.dns import server as dns
from podvisor.network.dns.zone import Zone
from podvisor.network.listening import Listening, Service
from podvisor.node import claims, host, image_collection, image_list, machine, objects, removal, server
from podvisor.node.addresses import Addresses
from podvisor.node.eviction import manager
from podvisor.node.image_collection import Collector
from podvisor.node.images import Images
from podvisor.node.metering import figures, paths
from podvisor.node.metering.meter import Meter, Subject
from podvisor.node.metering.outcomes import Outcomes
from podvisor.node.naming import Names
from podvisor.node.network import Network, Outside, Own
from podvisor.node.pace import Pace
from podvisor.node.runtime import Runtime
from podvisor.node.settings import Settings
from podvisor.node.states import Running
from podvisor.node.watched import Watched
from podvisor.node.worker import Worker
from podvisor.sdk.events import Recorder
from podvisor.sdk.objects.core import Node as NodeObject
from podvisor.sdk.objects.meta import ObjectMeta

log = logging.getLogger(__name__)

RESTART = Backoff(first=0.5, limit=30.0)
SWITCH = Backoff(first=0.05, limit=5.0)
DNS = 53
"""The port of the cluster's DNS."""
LOOK = 30.0
"""Seconds between looks at whether the kernels that have run meanwhile still answer."""


class Pods:
    """The workers, by the uid of their pods."""

    def __init__(self, node: host.Node, scope: tasks.Scope) -> None:
        self.workers: dict[str, Worker] = {}
        self._early: dict[str, list[objects.Pod | None]] = {}
        """What was said of pods whose workers have not begun yet."""
        self._node = node
        self._scope = scope

    def changed(self, old: objects.Pod | None, new: objects.Pod | None) -> None:
        """A pod that is bound to this node was seen, changed or gone (for an informer)."""
        seen = new or old
        assert seen is not None
        uid = seen.metadata.uid
        if (worker := self.workers.get(uid)) is not None:
            worker.update(new)
        elif uid in self._early:
            self._early[uid].append(new)
        elif new is not None:
            self._early[uid] = []
            self._scope.start(self._run(uid, new), name=f"pod {sdk.key_of(new)}")

    def find(self, namespace: str, name: str) -> Runtime | None:
        """A pod by its name."""
        wanted = sdk.Key(namespace, name)
        return next((one.runtime for one in self.workers.values() if sdk.key_of(one.pod) == wanted), None)

    def subjects(self) -> Iterator[Subject]:
        """The pods that can be measured: those that have a kernel."""
        for worker in self.workers.values():
            sandbox, states = worker.runtime.box.sandbox, worker.runtime.containers.values()
            if sandbox is not None and not sandbox.has_ended:
                started = {one.name: one.state.started for one in states if isinstance(one.state, Running)}
                yield Subject(worker.pod, sandbox, started)

    def running(self) -> list[Worker]:
        """The workers of pods that have not ended and that nobody has deleted."""
        return [one for one in self.workers.values() if not (one.pod.finished or one.pod.metadata.deleting)]

    def images(self) -> Iterator[str]:
        """The images of all pods that may still start a container."""
        for worker in self.workers.values():
            if not worker.pod.finished:
                yield from (one.image for one in worker.pod.every_container)
                yield from (one.image.reference for one in worker.pod.spec.volumes if one.image is not None)

    async def look_after(self) -> None:
        """Have kernels that hang found although nobody asks them anything, until cancelled."""
        while True:
            await self._node.clock.sleep(LOOK)
            for worker in list(self.workers.values()):
                if (sandbox := worker.runtime.box.sandbox) is not None:
                    sandbox.look()

    async def _run(self, uid: str, pod: objects.Pod) -> None:
        """One pod to its end. A crash is logged and the pod goes on; it must not take the others along."""
        failures = 0
        while not await self._life(uid, pod):
            failures += 1
            await self._node.clock.sleep(RESTART.delay(failures))
            pod = self.workers[uid].pod if uid in self.workers else pod
        del self.workers[uid]
        self._node.outcomes.forget(uid)

    async def _life(self, uid: str, pod: objects.Pod) -> bool:
        """One worker, whether to the pod's end or to its own crash."""
        worker: Worker | None = None
        try:
            async with tasks.background() as scope:
                worker = self.workers[uid] = Worker(self._node, pod, scope)
                for said in self._early.pop(uid, ()):
                    worker.update(said)
                await worker.run()
        except Exception:
            log.exception("pod %s: the worker crashed", sdk.key_of(pod))
            return False
        finally:
            if worker is not None:
                await asyncio.shield(worker.runtime.close())
        return True


def sweep(data_dir: Path, kept: set[str]) -> None:
    """Remove what pods that are gone have left behind."""
    for entry in (data_dir / "pods").iterdir():
        if entry.name not in kept:
            removal.remove(entry)


def _dns(names: Names, settings: Settings, clock: Clock, scope: tasks.Scope) -> Own | None:
    """The cluster's DNS, as a part of the node that pods reach."""
    if settings.dns.server is None:
        return None
    zone = Zone(settings.dns.domain, names, settings.dns.server)
    responder = dns.Responder(zone, clock, forwarding.Forwarder(forwarding.Machine(), clock))
    server = dns.Server(responder, clock, lambda: names.version)
    return Own(settings.dns.server, Listening(Service(DNS, server.answer, server.converse), scope.start))


async def run(client: sdk.Client, settings: Settings, clock: Clock, registered: asyncio.Event) -> None:
    """Be a node until cancelled; `registered` is set once the API knows it as ready.

    Its pods end with it, and are started again by the next.
    """
    (settings.data_dir / "pods").mkdir(mode=0o700, parents=True, exist_ok=True)
    events = Recorder(client, "kubelet", clock, settings.name)
    async with tasks.background() as scope, AsyncExitStack() as stack:
        informers = sdk.Informers(client, clock, scope)
        services = informers.of(sdk.kinds.SERVICES)
        bound = informers.of(objects.PODS, sdk.Selection(fields=f"spec.nodeName={settings.name}"))
        addresses = Addresses(settings.pod_addresses)
        capacity = machine.capacity(settings)
        watched = Watched(client, clock, scope)
        cluster = (settings.pod_addresses, settings.service_addresses)
        bounds = egress.bounds(settings.egress, settings.egress_deny, cluster)
        api = settings.api_address
        outside = Outside(clock, client, events, api, addresses.own, settings.nodeport_addresses, bounds)
        names = Names(informers)
        network = Network(outside, informers, settings.name, _dns(names, settings, clock, scope))
        node = host.Node(
            client,
            settings,
            clock,
            Pace(clock),
            events,
            addresses,
            network,
            watched,
            Images(settings.images, settings.registries, clock),
            capacity,
            lambda: services.cache,
            lambda pod: evictions.refusal(pod),
            Outcomes(),
        )
        pods = Pods(node, scope)
        meter = Meter(pods.subjects, clock)
        collector = Collector(node.images.store, clock, pods.images, lambda: image_collection.look(settings.images))
        itself = NodeObject(metadata=ObjectMeta(name=settings.name, uid=settings.name))

        def warn(failure: image_collection.Failed) -> None:
            events.warning(sdk.kinds.NODES, itself, failure.reason, str(failure))

        def measure() -> Awaitable[figures.Figures]:
            return figures.gather(meter, settings, clock)

        def serve_figures(app: web.Application) -> None:
            paths.add(app, measure, node.outcomes)

        def warn_of_node(reason: str, message: str) -> None:
            events.warning(sdk.kinds.NODES, itself, reason, message)

        around = manager.Surroundings(pods.running, measure, collector.reclaim, warn_of_node)
        evictions = manager.Manager(settings.eviction, around, clock)

        async with server.serving(pods.find, serve_figures, settings, clock) as port:
            stack.callback(network.close)
            await network.follow()
            await names.follow()
            scope.start(tasks.supervise("switch", network.run, clock=clock, backoff=SWITCH), name="switch")
            await bound.wait_synced()
            await asyncio.to_thread(sweep, settings.data_dir, {pod.metadata.uid for pod in bound.cache})
            await machine.register(client, settings, clock, port)
            registered.set()
            scope.start(events.run(), name="events")
            bound.on_change(pods.changed)
            scope.start(tasks.supervise("kernels", pods.look_after, clock=clock, backoff=RESTART), name="kernels")
            scope.start(tasks.supervise("meter", meter.keep, clock=clock, backoff=RESTART), name="meter")
            directories = claims.Directories(client, settings, clock)
            informers.of(sdk.kinds.PERSISTENTVOLUMES).on_change(directories.changed)
            scope.start(tasks.supervise("volumes", directories.keep, clock=clock, backoff=RESTART), name="volumes")
            collecting = tasks.supervise("images", lambda: collector.keep(warn), clock=clock, backoff=RESTART)
            scope.start(collecting, name="images")
            scope.start(tasks.supervise("evictions", evictions.keep, clock=clock, backoff=RESTART), name="evictions")

            async def images() -> list[dict[str, Any]]:
                return image_list.images(await asyncio.to_thread(node.images.store.images))

            shown = machine.Reported(images, lambda: evictions.conditions, evictions.changed)
            await tasks.supervise(
                "heartbeat", lambda: machine.beat(client, settings, clock, shown), clock=clock, backoff=RESTART
            )
