"""Feeds the queue and the state from the API, and carries decisions out."""

import asyncio
import logging
from typing import Any

from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.base.tasks import Scope
from podvisor.scheduler import volumes
from podvisor.scheduler.cycle import Cycle, Unschedulable
from podvisor.scheduler.filters import Change
from podvisor.scheduler.preemption import Preemption
from podvisor.scheduler.queue import Queue, Waiting
from podvisor.scheduler.settings import Settings
from podvisor.scheduler.state import PodInfo, State
from podvisor.scheduler.volumes import Storage
from podvisor.sdk import (
    STATUS,
    Client,
    DeleteOptions,
    Informer,
    Informers,
    WriteOptions,
    conditions,
    errors,
    key_of,
    kinds,
    until,
)
from podvisor.sdk.events import Recorder
from podvisor.sdk.objects.core import Namespace, Node, Pod
from podvisor.sdk.objects.meta import Condition, seconds
from podvisor.sdk.volumes import SELECTED_NODE

log = logging.getLogger(__name__)

RESTART = Backoff(first=1.0, factor=2.0, limit=60.0, jitter=0.1)
BINDING = WriteOptions(subresource="binding")


async def run(client: Client, settings: Settings, clock: Clock) -> None:
    """Place pods until cancelled.

    It may be killed at any moment: a pod is bound by one request, and whatever is pending is looked at again.
    """
    async with tasks.background() as scope:
        scheduler = Scheduler(client, settings, clock, scope)
        await scheduler.follow(Informers(client, clock, scope))
        await tasks.supervise("scheduler", scheduler.work, clock=clock, backoff=RESTART)


class Scheduler:
    """The queue, the state and the cycle, joined to the API."""

    def __init__(self, client: Client, settings: Settings, clock: Clock, scope: Scope) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._scope = scope
        self._state = State()
        self._queue = Queue(clock, settings)
        self._cycle = Cycle(self._state)
        self._events = Recorder(client, settings.name, clock)
        self._bindings = asyncio.Semaphore(settings.bindings)
        # Apart from the bindings: a crowd that fits nowhere must not hold up what fits.
        self._reports = asyncio.Semaphore(settings.bindings)
        self._pods: Informer[Pod] | None = None

    async def follow(self, informers: Informers) -> None:
        """Keep state and queue up to date; return once they are complete."""
        name = f"events of {self._settings.name}"
        self._scope.start(tasks.supervise(name, self._events.run, clock=self._clock, backoff=RESTART), name=name)
        informers.of(kinds.NODES).on_change(self._node_changed)
        informers.of(kinds.NAMESPACES).on_change(self._namespace_changed)
        claims, disks = informers.of(kinds.PERSISTENTVOLUMECLAIMS), informers.of(kinds.PERSISTENTVOLUMES)
        classes = informers.of(kinds.STORAGECLASSES)
        self._state.storage = Storage(claims.cache, disks.cache, classes.cache)
        for informer in (claims, disks, classes):
            informer.on_change(self._storage_changed)
        self._pods = informers.of(kinds.PODS)
        self._pods.on_change(self._pod_changed)
        await informers.wait_synced()

    async def work(self) -> None:
        """Take pods from the queue, one by one; bindings run beside it."""
        while True:
            async with self._bindings:
                waiting = await self._queue.get()
            try:
                decision = self._cycle.decide(waiting.info)
            except Exception:
                log.exception("deciding on %s", key_of(waiting.info.pod))
                self._queue.retry(waiting)
                continue
            if isinstance(decision, Unschedulable):
                self._refuse(waiting, decision)
                continue
            self._state.place(waiting.info, decision.name)
            self._scope.start(self._bind(waiting, decision.name), name=f"bind {key_of(waiting.info.pod)}")
            await self._clock.sleep(0)

    async def _bind(self, waiting: Waiting, node: str) -> None:
        # Before it is its turn: who waits for a volume holds up nobody.
        try:
            await self._claim(waiting.info.pod, node)
        except (errors.ApiError, errors.Unreachable, TimeoutError) as error:
            why = f"binding volumes: {error or 'timed out waiting for the condition'}"
            log.info("%s to %s: %s", key_of(waiting.info.pod), node, why)
            self._undo(waiting)
            self._events.warning(kinds.PODS, waiting.info.pod, "FailedScheduling", f"running PreBind plugin: {why}")
            return
        async with self._bindings:
            await self._tell(waiting, node)

    async def _claim(self, pod: Pod, node: str) -> None:
        """Have the claims that waited for the pod bound for its node. Raises TimeoutError."""
        waiting = volumes.needs(pod, self._state.storage).waiting
        for claim in waiting:
            patch = {"metadata": {"annotations": {SELECTED_NODE: node}, "uid": claim.metadata.uid}}
            await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(claim), patch)
        for claim in waiting:
            await until(
                self._client,
                kinds.PERSISTENTVOLUMECLAIMS,
                key_of(claim),
                lambda one: one is None or one.status.phase == "Bound",
                self._clock,
                self._settings.volume_seconds,
            )

    async def _tell(self, waiting: Waiting, node: str) -> None:
        """Tell the server. The pod counts on its node already; if this fails, it no longer does."""
        pod, key = waiting.info.pod, key_of(waiting.info.pod)
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": key.name, "namespace": key.namespace, "uid": pod.metadata.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self._client.create(kinds.PODS.raw, binding, key.namespace, name=key.name, options=BINDING)
        except errors.NotFound:
            self._undo(waiting)
            self._queue.remove(waiting.info.uid)
        except (errors.ApiError, errors.Unreachable) as error:
            log.info("binding %s to %s: %s", key, node, error)
            self._undo(waiting)
            self._events.warning(kinds.PODS, pod, "FailedScheduling", f"Binding rejected: {error}")
        except Exception:
            log.exception("binding %s to %s", key, node)
            self._undo(waiting)
        else:
            self._queue.remove(waiting.info.uid)
            self._events.normal(kinds.PODS, pod, "Scheduled", f"Successfully assigned {key} to {node}")

    def _undo(self, waiting: Waiting) -> None:
        """Give the room back, unless the binding has come about although its answer has not."""
        current = self._pods.cache.get(key_of(waiting.info.pod)) if self._pods else None
        if current is not None and current.metadata.uid == waiting.info.uid and current.spec.node_name:
            return
        self._state.remove(waiting.info.uid)
        self._queue.retry(waiting)
        self._queue.happened(Change.POD_GONE)

    def _refuse(self, waiting: Waiting, why: Unschedulable) -> None:
        """Park the pod; that it does not fit is told beside the next decisions, as bindings are."""
        self._queue.park(waiting, why.helped_by)
        pod = waiting.info.pod
        self._events.warning(kinds.PODS, pod, "FailedScheduling", why.message)
        if why.preemption is not None:
            self._state.promise(waiting.info, why.preemption.node)
        self._scope.start(self._explain(waiting.info, why), name=f"refuse {key_of(pod)}")

    async def _explain(self, info: PodInfo, why: Unschedulable) -> None:
        async with self._reports:
            try:
                if why.preemption is not None:
                    await self._make_room(info, why.preemption)
                await self._report(info.pod, why)
            except (errors.ApiError, errors.Unreachable) as error:
                log.info("reporting on %s: %s", key_of(info.pod), error)

    async def _report(self, pod: Pod, why: Unschedulable) -> None:
        told = conditions.find(pod.status.conditions, "PodScheduled")
        same = told is not None and (told.status, told.message) == ("False", why.message)
        if same and why.preemption is None:
            return
        status: dict[str, Any] = {"conditions": self._told(pod, told, why)}
        if why.preemption is not None:
            status["nominatedNodeName"] = why.preemption.node
        patch = {"metadata": {"uid": pod.metadata.uid}, "status": status}
        await self._client.patch(kinds.PODS, key_of(pod), patch, STATUS)

    async def _make_room(self, info: PodInfo, preemption: Preemption) -> None:
        """Delete the victims, gracefully; the pod gets the room when they are gone."""
        for victim in (one.pod for one in preemption.victims):
            target = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "PreemptionByScheduler",
                "message": f"{self._settings.name}: preempting to accommodate a higher priority pod",
                "lastTransitionTime": seconds(self._clock.now()),
            }
            told = map(conditions.plain, conditions.drop(victim.status.conditions, "DisruptionTarget"))
            patch = {"metadata": {"uid": victim.metadata.uid}, "status": {"conditions": [*told, target]}}
            try:
                await self._client.patch(kinds.PODS, key_of(victim), patch, STATUS)
                await self._client.delete(kinds.PODS, key_of(victim), DeleteOptions(uid=victim.metadata.uid))
            except errors.NotFound:
                continue
            message = f"Preempted by pod {info.uid} on node {preemption.node}"
            self._events.normal(kinds.PODS, victim, "Preempted", message)

    def _told(self, pod: Pod, told: Condition | None, why: Unschedulable) -> list[dict[str, Any]]:
        since = told.last_transition_time if told is not None and told.status == "False" else None
        new = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why.message,
            "lastTransitionTime": seconds(since or self._clock.now()),
        }
        others = conditions.drop(pod.status.conditions, "PodScheduled")
        return [*map(conditions.plain, others), new]

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        if new is None:
            if old is not None:
                self._state.remove_node(old.metadata.name)
            return
        self._state.set_node(new)
        if old is None or _offer(old) != _offer(new):
            self._queue.happened(Change.NODE)

    def _storage_changed(self, old: object | None, new: object | None) -> None:
        if new is not None:
            self._queue.happened(Change.STORAGE)

    def _namespace_changed(self, old: Namespace | None, new: Namespace | None) -> None:
        if new is not None:
            self._state.namespaces[new.metadata.name] = new.metadata.labels
            self._queue.happened(Change.NAMESPACE)
        elif old is not None:
            self._state.namespaces.pop(old.metadata.name, None)

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        if new is None:
            if old is not None:
                self._pod_left(old)
            return
        if new.status.phase in ("Succeeded", "Failed"):
            self._pod_left(new)
        elif new.spec.node_name:
            self._pod_bound(old, new)
        elif not self._is_ours(new):
            self._queue.remove(new.metadata.uid)
        elif not self._state.is_placed(new.metadata.uid):
            changed = old is None or _demand(old) != _demand(new)
            self._queue.add(PodInfo(new)) if changed else self._queue.refresh(new)

    def _pod_bound(self, old: Pod | None, new: Pod) -> None:
        self._queue.remove(new.metadata.uid)
        known = self._state.is_placed(new.metadata.uid)
        if known and old is not None and _demand(old) == _demand(new) and old.spec.node_name:
            return
        self._state.place(PodInfo(new), new.spec.node_name)
        self._queue.happened(Change.POD_CAME)

    def _pod_left(self, pod: Pod) -> None:
        self._queue.remove(pod.metadata.uid)
        self._state.withdraw(pod.metadata.uid)
        if self._state.is_placed(pod.metadata.uid):
            self._state.remove(pod.metadata.uid)
            self._queue.happened(Change.POD_GONE)

    def _is_ours(self, pod: Pod) -> bool:
        ours = pod.spec.scheduler_name == self._settings.name
        return ours and not pod.spec.scheduling_gates and not pod.metadata.deleting


def _offer(node: Node) -> tuple[Any, ...]:
    return (node.spec, node.status.allocatable, node.metadata.labels)


def _demand(pod: Pod) -> tuple[Any, ...]:
    return (pod.spec, pod.metadata.labels, pod.metadata.deleting)
