"""Keeps each PodDisruptionBudget's status: how many of its pods may be evicted now.

https://kubernetes.io/docs/tasks/run-application/configure-pdb/ . The eviction subresource takes from what stands there.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from podvisor.controllers import pods
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, Key, Resource, conditions, errors, key_of, kinds, selectors
from podvisor.sdk.objects import OwnerReference, controller_of
from podvisor.sdk.objects.core import Pod
from podvisor.sdk.objects.meta import Condition, seconds
from podvisor.sdk.objects.policy import PodDisruptionBudget

FORGOTTEN = timedelta(minutes=2)
"""After this long a pod whose eviction was granted and that is still there counts again."""
NAMESPACE = "namespace"
_SCALES: Mapping[tuple[str, str], Resource[Any]] = {
    ("apps", "ReplicaSet"): kinds.REPLICASETS,
    ("apps", "StatefulSet"): kinds.STATEFULSETS,
    ("", "ReplicationController"): kinds.REPLICATIONCONTROLLERS,
}


class Unknowable(Exception):
    """How many pods there should be cannot be said: some have no controller, or one without a scale."""


@dataclass(frozen=True, slots=True)
class Need:
    """How many pods there should be, and how many of them have to be healthy."""

    expected: int
    desired: int


def need(budget: PodDisruptionBudget, count: int, scales: int | None) -> Need:
    """What a budget asks for, given its pods and how many their controllers want. Raises Unknowable."""
    least, most = budget.spec.min_available, budget.spec.max_unavailable
    if most is not None:
        if scales is None:
            raise Unknowable
        return Need(scales, max(scales - _resolve(most, scales), 0))
    if isinstance(least, str):
        if scales is None:
            raise Unknowable
        return Need(scales, _resolve(least, scales))
    return Need(count, least if least is not None else 0)


def status_of(
    budget: PodDisruptionBudget, owned: Sequence[Pod], wanted: Need, now: datetime
) -> tuple[dict[str, Any], datetime | None]:
    """The status, and when a granted eviction that nobody sees will be forgotten."""
    there = {pod.metadata.name: pod for pod in owned}
    disrupted = {
        name: since
        for name, since in budget.status.disrupted_pods.items()
        if name in there and not there[name].metadata.deleting and since + FORGOTTEN > now
    }
    healthy = sum(pods.is_ready(pod) and pods.is_active(pod) and pod.metadata.name not in disrupted for pod in owned)
    allowed = max(healthy - wanted.desired, 0) if wanted.expected > 0 else 0
    reason, value = ("SufficientPods", "True") if allowed else ("InsufficientPods", "False")
    condition = Condition(type="DisruptionAllowed", status=value, reason=reason, last_transition_time=now)
    told = conditions.put(budget.status.conditions, condition)
    status: dict[str, Any] = {
        "currentHealthy": healthy,
        "desiredHealthy": wanted.desired,
        "expectedPods": wanted.expected,
        "disruptionsAllowed": allowed,
        "observedGeneration": budget.metadata.generation,
        # A merge patch: who is no longer disrupted is struck out.
        "disruptedPods": {
            name: seconds(disrupted[name]) if name in disrupted else None for name in budget.status.disrupted_pods
        },
        "conditions": [conditions.plain(one) | {"message": one.message} for one in told],
    }
    return status, min((since + FORGOTTEN for since in disrupted.values()), default=None)


def _resolve(amount: int | str, count: int) -> int:
    """A share is rounded up, for `minAvailable` as for `maxUnavailable`."""
    return amount if isinstance(amount, int) else math.ceil(int(amount.removesuffix("%")) * count / 100)


class DisruptionBudgets:
    """The loop over PodDisruptionBudgets."""

    name = "disruption-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._budgets = cluster.informers.of(kinds.PODDISRUPTIONBUDGETS)
        self._pods = cluster.informers.of(kinds.PODS)
        self._budgets.cache.add_index(NAMESPACE, _namespace)
        self._pods.cache.add_index(NAMESPACE, _namespace)
        self._budgets.on_change(enqueue_itself(self.queue))
        self._pods.on_change(self._pod_changed)

    async def reconcile(self, key: Key) -> None:
        """Count the pods of one budget anew."""
        await self._pods.wait_synced()
        budget = self._budgets.cache.get(key)
        if budget is None or budget.metadata.deleting:
            return
        every = self._pods.cache.indexed(NAMESPACE, key.namespace)
        chosen = [pod for pod in every if selectors.matches(budget.spec.selector, pod.metadata.labels)]
        if not chosen:
            self._events.normal(kinds.PODDISRUPTIONBUDGETS, budget, "NoPods", "No matching pods found")
        try:
            wanted = need(budget, len(chosen), await self._scales(budget, chosen))
        except Unknowable:
            # Nothing may be evicted until somebody sees to it.
            message = "Failed to calculate the number of expected pods"
            self._events.warning(kinds.PODDISRUPTIONBUDGETS, budget, "CalculateExpectedPodCountFailed", message)
            wanted = Need(0, 0)
        now = self._clock.now()
        status, forgotten = status_of(budget, chosen, wanted, now)
        if forgotten is not None:
            self.queue.add_after(key, (forgotten - now).total_seconds())
        await self._report(budget, status)

    async def _scales(self, budget: PodDisruptionBudget, chosen: Sequence[Pod]) -> int | None:
        """How many pods the controllers of these want together; None if one of them does not say."""
        if budget.spec.max_unavailable is None and not isinstance(budget.spec.min_available, str):
            return None
        owners = {owner.uid: (pod, owner) for pod in chosen if (owner := controller_of(pod)) is not None}
        if any(controller_of(pod) is None for pod in chosen):
            return None
        wanted = [await self._scale(pod.metadata.namespace, owner) for pod, owner in owners.values()]
        return None if None in wanted else sum(one for one in wanted if one is not None)

    async def _scale(self, namespace: str, owner: OwnerReference) -> int | None:
        """What one controller wants: its own number, or that of the Deployment above it."""
        group = owner.api_version.rpartition("/")[0]
        if (resource := _SCALES.get((group, owner.kind))) is None:
            return None
        try:
            found = await self._client.get(resource, owner.name, namespace)
            above = controller_of(found)
            if above is not None and above.kind == kinds.DEPLOYMENTS.kind:
                return (await self._client.get(kinds.DEPLOYMENTS, above.name, namespace)).spec.replicas
        except errors.NotFound:
            return 0
        return int(found.spec.replicas)

    async def _report(self, budget: PodDisruptionBudget, status: dict[str, Any]) -> None:
        before = budget.status
        same = (
            (before.current_healthy, before.desired_healthy, before.expected_pods, before.disruptions_allowed)
            == (
                status["currentHealthy"],
                status["desiredHealthy"],
                status["expectedPods"],
                status["disruptionsAllowed"],
            )
            and before.observed_generation == status["observedGeneration"]
            and None not in status["disruptedPods"].values()
            and bool(before.conditions)
        )
        if not same:
            # An eviction that was granted meanwhile must not be undone, so the version is part of the patch.
            version = {"uid": budget.metadata.uid, "resourceVersion": budget.metadata.resource_version}
            patch = {"metadata": version, "status": status}
            await self._client.patch(kinds.PODDISRUPTIONBUDGETS, key_of(budget), patch, STATUS)

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        for pod in (old, new):
            if pod is None:
                continue
            for budget in self._budgets.cache.indexed(NAMESPACE, pod.metadata.namespace):
                if selectors.matches(budget.spec.selector, pod.metadata.labels):
                    self.queue.add(key_of(budget))


def _namespace(thing: Pod | PodDisruptionBudget) -> list[str]:
    return [thing.metadata.namespace]
