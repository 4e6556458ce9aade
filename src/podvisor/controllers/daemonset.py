"""Keeps a pod of each DaemonSet on every node that it fits."""

from typing import Any

from podvisor.base.backoff import Backoff
from podvisor.controllers import daemonsetplan, ownership, pods
from podvisor.controllers.daemonsetplan import Plan, View
from podvisor.controllers.dependents import Dependents
from podvisor.controllers.expectations import Expectations
from podvisor.controllers.history import Found, History, hash_of
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, Key, errors, key_of, kinds, selectors
from podvisor.sdk.objects.apps import DaemonSet, DaemonSetStatus
from podvisor.sdk.objects.core import Node, Pod

BURST = 250
"""Most pods that are created or deleted in one go."""
FAILURES = Backoff(first=1.0, factor=2.0, limit=900.0, jitter=0.0)
"""How long a failed pod is left lying, so that a broken template does not make pods without end."""


class DaemonSets:
    """The loop over DaemonSets."""

    name = "daemonset-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._expectations = Expectations(cluster.clock)
        self._failures: dict[tuple[str, str], tuple[int, float]] = {}
        self._sets = cluster.informers.of(kinds.DAEMONSETS)
        self._pods = cluster.informers.of(kinds.PODS)
        self._nodes = cluster.informers.of(kinds.NODES)
        self._revisions = cluster.informers.of(kinds.CONTROLLERREVISIONS)
        ownership.index(self._pods.cache)
        ownership.index(self._revisions.cache)
        ownership.index_takers(self._sets.cache)
        self._claimer = ownership.Claimer(self._client, kinds.DAEMONSETS, kinds.PODS, self._pods.cache)
        self._history = History(self._client, kinds.DAEMONSETS, self._revisions.cache)
        self._sets.on_change(enqueue_itself(self.queue))
        self._dependents = Dependents(self._client, kinds.DAEMONSETS, self._sets.cache, self.queue, self._expectations)
        self._pods.on_change(self._dependents.changed)
        self._nodes.on_change(self._node_changed)

    async def reconcile(self, key: Key) -> None:
        """Bring the pods of one set to its nodes, or take its update a step further."""
        for informer in (self._pods, self._nodes, self._revisions):
            await informer.wait_synced()
        wanted = self._sets.cache.get(key)
        if wanted is None or selectors.is_empty(wanted.spec.selector):
            self._expectations.forget(key)
            return
        if wanted.metadata.deleting:
            return
        owned = await self._claimer.claim(wanted, wanted.spec.selector)
        found = await self._history.sync(wanted, wanted.status.collision_count)
        nodes = [node for node in self._nodes.cache if not node.metadata.deleting]
        view = View(wanted, nodes, owned, hash_of(found.update), self._clock.now())
        failures: list[Exception] = []
        if self._expectations.satisfied(key):
            failures = await self._act(view, found)
        await self._report(wanted, daemonsetplan.status_of(view, found.collisions))
        live = {one.metadata.name for one in found.every if any(_follows(pod, hash_of(one)) for pod in owned)}
        await self._history.truncate(wanted, found.every, live | {found.update.metadata.name})
        if (wait := pods.until_available(owned, wanted.spec.min_ready_seconds, view.now)) is not None:
            self.queue.add_after(key, wait)
        if failures:
            raise failures[0]

    async def _act(self, view: View, found: Found) -> list[Exception]:
        """What is missing or too much comes first; an update goes on when nothing of that is left to do."""
        todo = self._patient(view, daemonsetplan.plan(view))
        if not todo.create and not todo.delete and not todo.failed:
            todo = daemonsetplan.update(view)
        create, delete = todo.create[:BURST], todo.delete[:BURST]
        if not create and not delete:
            return []
        key = key_of(view.set)
        self._expectations.expect(key, creations=len(create), deletions=[pod.metadata.uid for pod in delete])
        failures: list[Exception] = []
        for pod in delete:
            try:
                await self._delete(view.set, pod)
            except (errors.ApiError, errors.Unreachable) as error:
                failures.append(error)
        tried = 0

        async def make(node: str) -> None:
            nonlocal tried
            tried += 1
            await self._create(view.set, found, node)

        failures += await pods.slow_start(create, make)
        self._expectations.created(key, len(create) - tried)
        return failures

    def _patient(self, view: View, todo: Plan) -> Plan:
        """Without the failed pods whose time has not come: each failure on a node makes the next wait longer."""
        now, spared = self._clock.monotonic(), set[str]()
        for pod in todo.failed:
            place = (view.set.metadata.uid, daemonsetplan.node_of(pod))
            count, until = self._failures.get(place, (0, now))
            if now < until:
                spared.add(pod.metadata.uid)
                self.queue.add_after(key_of(view.set), until - now)
                continue
            self._failures[place] = (count + 1, now + FAILURES.delay(count + 1))
            where = f"{key_of(pod)} on node {place[1]}"
            message = f"Found failed daemon pod {where}, will try to kill it"
            self._events.warning(kinds.DAEMONSETS, view.set, "FailedDaemonPod", message)
        left = [pod for pod in todo.delete if pod.metadata.uid not in spared]
        return Plan(todo.create, left, todo.failed)

    async def _create(self, owner: DaemonSet, found: Found, node: str) -> None:
        key = key_of(owner)
        try:
            pod = await self._client.create(kinds.PODS, daemonsetplan.pod_for(owner, found.update, node), key.namespace)
        except (errors.ApiError, errors.Unreachable) as error:
            self._expectations.created(key)
            if isinstance(error, errors.ApiError) and pods.is_namespace_ending(error):
                return
            self._events.warning(kinds.DAEMONSETS, owner, "FailedCreate", f"Error creating: {error}")
            raise
        self._events.normal(kinds.DAEMONSETS, owner, "SuccessfulCreate", f"Created pod: {pod.metadata.name}")

    async def _delete(self, owner: DaemonSet, pod: Pod) -> None:

        def failed(error: Exception) -> None:
            self._events.warning(kinds.DAEMONSETS, owner, "FailedDelete", f"Error deleting: {error}")

        if await self._dependents.delete(key_of(owner), pod, failed):
            self._events.normal(kinds.DAEMONSETS, owner, "SuccessfulDelete", f"Deleted pod: {pod.metadata.name}")

    async def _report(self, wanted: DaemonSet, status: dict[str, Any]) -> None:
        if _told(wanted.status) == {name: value or 0 for name, value in status.items()}:
            return
        patch = {"metadata": {"uid": wanted.metadata.uid}, "status": status}
        await self._client.patch(kinds.DAEMONSETS, key_of(wanted), patch, STATUS)

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        """A node's heartbeat changes nothing for anybody; its labels and taints do."""
        if old is not None and new is not None and _offer(old) == _offer(new):
            return
        for one in self._sets.cache:
            self.queue.add(key_of(one))


def _offer(node: Node) -> tuple[Any, ...]:
    return (node.spec, node.metadata.labels, node.metadata.deleting)


def _follows(pod: Pod, hash: str) -> bool:
    return pod.metadata.labels.get(daemonsetplan.POD_HASH) == hash


def _told(status: DaemonSetStatus) -> dict[str, int]:
    """What the status says already, in the form of `status_of` with nothing for none."""
    return {
        "desiredNumberScheduled": status.desired_number_scheduled,
        "currentNumberScheduled": status.current_number_scheduled,
        "numberMisscheduled": status.number_misscheduled,
        "numberReady": status.number_ready,
        "updatedNumberScheduled": status.updated_number_scheduled,
        "numberAvailable": status.number_available,
        "numberUnavailable": status.number_unavailable,
        "observedGeneration": status.observed_generation,
        "collisionCount": status.collision_count,
    }
