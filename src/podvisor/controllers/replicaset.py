"""Keeps as many pods of a ReplicaSet, or of a ReplicationController, alive as it asks for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from podvisor.controllers import ownership, pods
from podvisor.controllers.expectations import Expectations
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, DeleteOptions, Key, Resource, conditions, errors, key_of, kinds, selectors
from podvisor.sdk.objects import controller_of
from podvisor.sdk.objects.apps import ReplicaSet, ReplicaSetStatus, template_labels
from podvisor.sdk.objects.core import Pod, ReplicationController, ReplicationControllerStatus
from podvisor.sdk.objects.meta import Condition

GATHERING = 0.02
"""Seconds in which changes of pods that stay are gathered, since all that they change is the status."""
BURST = 500
"""Most pods that are created or deleted in one go."""
Replicas = ReplicaSet | ReplicationController


@dataclass(frozen=True, slots=True)
class Plan:
    """What is missing or too much."""

    create: int = 0
    delete: Sequence[Pod] = ()


def plan(wanted: Replicas, owned: Sequence[Pod], related: Sequence[Pod], now: datetime) -> Plan:
    """What to create and delete so that the active ones of `owned` are as many as wanted.

    `related` are the pods that share a purpose with these (those of all ReplicaSets of a Deployment): on crowded nodes
    pods go first.
    """
    active = [pod for pod in owned if pods.is_active(pod)]
    missing = wanted.spec.replicas - len(active)
    if missing >= 0:
        return Plan(create=min(missing, BURST))
    return Plan(delete=pods.rank_for_deletion(active, related, now)[: min(-missing, BURST)])


def status_of(wanted: Replicas, owned: Sequence[Pod], failure: Condition | None, now: datetime) -> dict[str, Any]:
    """The status that `owned` amounts to; `failure` tells what went wrong in acting on the plan, if something did."""
    active = [pod for pod in owned if pods.is_active(pod)]
    ready = [pod for pod in active if pods.is_ready(pod)]
    template, rest = template_labels(wanted.spec.template).items(), wanted.spec.min_ready_seconds
    told = wanted.status.conditions
    told = conditions.drop(told, "ReplicaFailure") if failure is None else conditions.put(told, failure)
    return _plain(
        ReplicaSetStatus(
            replicas=len(active),
            fully_labeled_replicas=sum(template <= pod.metadata.labels.items() for pod in active),
            ready_replicas=len(ready),
            available_replicas=sum(pods.is_available(pod, rest, now) for pod in ready) if rest else len(ready),
            observed_generation=wanted.metadata.generation,
            conditions=told,
        )
    )


class ReplicaSets:
    """The loop over ReplicaSets; another kind of the same make is a class with another `resource`."""

    name = "replicaset-controller"
    resource: ClassVar[Resource[Any]] = kinds.REPLICASETS

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._cluster = cluster
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._expectations = Expectations(cluster.clock)
        self._sets = cluster.informers.of(self.resource)
        self._pods = cluster.informers.of(kinds.PODS)
        ownership.index(self._pods.cache)
        ownership.index(self._sets.cache)
        ownership.index_takers(self._sets.cache)
        self._claimer = ownership.Claimer(self._client, self.resource, kinds.PODS, self._pods.cache)
        self._sets.on_change(enqueue_itself(self.queue))
        self._pods.on_change(self._pod_changed)

    async def reconcile(self, key: Key) -> None:
        """Bring the pods of one ReplicaSet to the wanted number and say so in its status."""
        await self._pods.wait_synced()
        wanted = self._sets.cache.get(key)
        if wanted is None or selectors.is_empty(wanted.spec.selector):
            self._expectations.forget(key)
            return
        may_act = self._expectations.satisfied(key) and not wanted.metadata.deleting
        owned = await self._claimer.claim(wanted, wanted.spec.selector)
        now = self._cluster.clock.now()
        todo = plan(wanted, owned, self._related(wanted), now) if may_act else Plan()
        failures = await self._apply(key, wanted, todo)
        await self._report(key, wanted, status_of(wanted, owned, _failure(todo, failures, now), now))
        if (wait := pods.until_available(owned, wanted.spec.min_ready_seconds, now)) is not None:
            self.queue.add_after(key, wait)
        if failures:
            raise failures[0]

    async def _apply(self, key: Key, wanted: Replicas, todo: Plan) -> Sequence[Exception]:
        if todo.create:
            self._expectations.expect(key, creations=todo.create)
            tries = 0

            async def create(_: int) -> None:
                nonlocal tries
                tries += 1
                await self._create(key, wanted)

            failures = await pods.slow_start(range(todo.create), create)
            self._expectations.created(key, todo.create - tries)
            return failures
        if todo.delete:
            self._expectations.expect(key, deletions=[pod.metadata.uid for pod in todo.delete])
            outcomes = await asyncio.gather(
                *(self._delete(key, wanted, pod) for pod in todo.delete), return_exceptions=True
            )
            return [one for one in outcomes if isinstance(one, Exception)]
        return []

    async def _create(self, key: Key, wanted: Replicas) -> None:
        owner = ownership.reference(self.resource, wanted)
        pod = pods.from_template(wanted.spec.template, f"{wanted.metadata.name}-", owner)
        try:
            created = await self._client.create(kinds.PODS, pod, key.namespace)
        except errors.Unreachable:
            self._expectations.created(key)
            raise
        except errors.ApiError as error:
            self._expectations.created(key)
            if pods.is_namespace_ending(error):
                return
            self._events.warning(self.resource, wanted, "FailedCreate", f"Error creating: {error}")
            raise
        self._events.normal(self.resource, wanted, "SuccessfulCreate", f"Created pod: {created.metadata.name}")

    async def _delete(self, key: Key, wanted: Replicas, pod: Pod) -> None:
        try:
            await self._client.delete(kinds.PODS, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
        except (errors.NotFound, errors.Unreachable) as error:
            self._expectations.deleted(key, pod.metadata.uid)
            if isinstance(error, errors.Unreachable):
                raise
            return
        except errors.ApiError as error:
            self._expectations.deleted(key, pod.metadata.uid)
            self._events.warning(self.resource, wanted, "FailedDelete", f"Error deleting: {error}")
            raise
        self._events.normal(self.resource, wanted, "SuccessfulDelete", f"Deleted pod: {pod.metadata.name}")

    async def _report(self, key: Key, wanted: Replicas, status: dict[str, Any]) -> None:
        if status != _plain(wanted.status):
            patch = {"metadata": {"uid": wanted.metadata.uid}, "status": status}
            await self._client.patch(self.resource, key, patch, STATUS)

    def _related(self, wanted: Replicas) -> list[Pod]:
        owner = controller_of(wanted)
        siblings = self._sets.cache.indexed(ownership.CONTROLLER, owner.uid) if owner else [wanted]
        uids = [one.metadata.uid for one in siblings]
        return [
            pod for uid in uids for pod in self._pods.cache.indexed(ownership.CONTROLLER, uid) if pods.is_active(pod)
        ]

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        for pod in (old, new):
            owner = controller_of(pod) if pod is not None else None
            if pod is None or owner is None or owner.kind != self.resource.kind:
                continue
            key = Key(pod.metadata.namespace, owner.name)
            if old is None and pod is new and not pod.metadata.deleting:
                self._expectations.created(key)
            if new is None or new.metadata.deleting:
                self._expectations.deleted(key, pod.metadata.uid)
            if old is not None and new is not None and pods.is_active(old) and pods.is_active(new):
                self.queue.add_after(key, GATHERING)
            else:
                self.queue.add(key)
        if new is not None and controller_of(new) is None:
            self._offer(new)

    def _offer(self, orphan: Pod) -> None:
        """Have everybody who would take the orphan look at it."""
        for one in ownership.takers(self._sets.cache, orphan):
            self.queue.add(key_of(one))


class ReplicationControllers(ReplicaSets):
    """The loop over ReplicationControllers, which differ in their selector only."""

    name = "replication-controller"
    resource = kinds.REPLICATIONCONTROLLERS


def _plain(status: ReplicaSetStatus | ReplicationControllerStatus) -> dict[str, Any]:
    """As a merge patch: zero counts and empty lists are struck out, as Go leaves them out; `replicas` always stays."""
    counts = {
        "fullyLabeledReplicas": status.fully_labeled_replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "observedGeneration": status.observed_generation,
    }
    told = [conditions.plain(one) for one in status.conditions]
    return {"replicas": status.replicas, "conditions": told or None} | {
        name: count or None for name, count in counts.items()
    }


def _failure(todo: Plan, failures: Sequence[Exception], now: datetime) -> Condition | None:
    if not failures:
        return None
    return Condition(
        type="ReplicaFailure",
        status="True",
        reason="FailedCreate" if todo.create else "FailedDelete",
        message=str(failures[0]),
        last_transition_time=now,
    )
