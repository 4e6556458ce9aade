"""The node, put together: its server, its Node object, its heartbeat, and a worker for each of its pods."""

import logging

from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.node import machine, server
from podvisor.node.addresses import Addresses
from podvisor.node.settings import Settings
from podvisor.node.states import Json
from podvisor.node.worker import Node, Worker
from podvisor.sdk.events import Recorder

log = logging.getLogger(__name__)

RESTART = Backoff(first=0.5, limit=30.0)


class Pods:
    """The workers, by the uid of their pods."""

    def __init__(self, node: Node, scope: tasks.Scope) -> None:
        self.workers: dict[str, Worker] = {}
        self._node = node
        self._scope = scope

    def changed(self, old: Json | None, new: Json | None) -> None:
        """A pod that is bound to this node was seen, changed or gone (for an informer)."""
        uid = (new or old or {})["metadata"]["uid"]
        if (worker := self.workers.get(uid)) is not None:
            worker.update(new)
        elif new is not None and not _over(new):
            worker = self.workers[uid] = Worker(self._node, new)
            self._scope.start(self._run(uid, worker), name=f"pod {sdk.key_of(new)}")

    def find(self, namespace: str, name: str) -> Worker | None:
        """The worker of a pod by its name."""
        wanted = sdk.Key(namespace, name)
        return next((one for one in self.workers.values() if sdk.key_of(one.pod) == wanted), None)

    async def _run(self, uid: str, worker: Worker) -> None:
        """One worker to its end. A crash is logged and the worker goes on; it must not take the others along."""
        failures = 0
        while True:
            try:
                await worker.run()
                break
            except Exception:
                failures += 1
                log.exception("pod %s: the worker crashed", sdk.key_of(worker.pod))
                await self._node.clock.sleep(RESTART.delay(failures))
                worker = self.workers[uid] = Worker(self._node, worker.pod)
        del self.workers[uid]


def _over(pod: Json) -> bool:
    """Whether a pod had ended before this node's process saw it, and nobody wants it gone."""
    finished = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return finished and not pod["metadata"].get("deletionTimestamp")


async def run(client: sdk.Client, settings: Settings, clock: Clock) -> None:
    """Be a node until cancelled. Its pods end with it, and are started again by the next."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    events = Recorder(client, "kubelet", clock)
    addresses = Addresses(settings.pod_addresses)
    node = Node(client, settings, clock, events, addresses, machine.capacity(settings))
    async with tasks.background() as scope:
        pods = Pods(node, scope)
        async with server.serving(pods.find, settings, clock) as port:
            await machine.register(client, settings, clock, port)
            scope.start(events.run(), name="events")
            informers = sdk.Informers(client, clock, scope)
            selection = sdk.Selection(fields=f"spec.nodeName={settings.name}")
            informers.of(sdk.kinds.PODS.raw, selection).on_change(pods.changed)
            await tasks.supervise(
                "heartbeat", lambda: machine.beat(client, settings, clock), clock=clock, backoff=RESTART
            )
