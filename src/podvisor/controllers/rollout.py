"""How many pods each ReplicaSet of a Deployment should have next: the arithmetic of rollouts, without any I/O.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/ describes what is promised: never more than
`replicas + maxSurge` pods, never fewer than `replicas - maxUnavailable` available ones.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from podvisor.controllers import revisions
from podvisor.sdk.objects.apps import Deployment, ReplicaSet

Sizes = Mapping[str, int]
"""New replica counts by the ReplicaSet's name; only what changes is in it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a rollout may leave the wanted number."""

    surge: int
    unavailable: int


def bounds(deployment: Deployment) -> Bounds:
    """`maxSurge` rounded up, `maxUnavailable` rounded down, never both zero: else nothing could ever move."""
    replicas, rolling = deployment.spec.replicas, deployment.spec.strategy.rolling_update
    if deployment.spec.strategy.type != "RollingUpdate":
        return Bounds(0, 0)
    surge = _resolve(rolling.max_surge, replicas, math.ceil)
    unavailable = _resolve(rolling.max_unavailable, replicas, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(surge, min(unavailable, replicas))


def most(deployment: Deployment) -> int:
    """How many pods there may be in all."""
    return deployment.spec.replicas + bounds(deployment).surge


def initial(deployment: Deployment, olds: Sequence[ReplicaSet]) -> int:
    """How many pods a new ReplicaSet starts with."""
    return _grown(deployment, 0, sum(one.spec.replicas for one in olds))


def grow_new(deployment: Deployment, new: ReplicaSet, olds: Sequence[ReplicaSet]) -> Sizes:
    """The next size of the current ReplicaSet in a rolling update."""
    if new.spec.replicas > deployment.spec.replicas:
        return {new.metadata.name: deployment.spec.replicas}
    total = new.spec.replicas + sum(one.spec.replicas for one in olds)
    return _changed(new, _grown(deployment, new.spec.replicas, total))


def shrink_old(deployment: Deployment, new: ReplicaSet, olds: Sequence[ReplicaSet]) -> Sizes:
    """The next sizes of the old ReplicaSets in a rolling update: unhealthy pods go first, then what can be spared.

    New pods that are not available yet count against what can be spared, so a rollout that does not get anywhere stops.
    """
    least = deployment.spec.replicas - bounds(deployment).unavailable
    total = new.spec.replicas + sum(one.spec.replicas for one in olds)
    waiting = new.spec.replicas - new.status.available_replicas
    spare = total - least - waiting
    if spare <= 0 or not any(one.spec.replicas for one in olds):
        return {}
    sizes = {one.metadata.name: one.spec.replicas for one in olds}
    for one in revisions.by_age(olds):
        unhealthy = max(one.spec.replicas - one.status.available_replicas, 0)
        sizes[one.metadata.name] -= min(unhealthy, spare)
        spare -= min(unhealthy, spare)
    available = new.status.available_replicas + sum(one.status.available_replicas for one in olds)
    spare = max(available - least, 0)
    for one in revisions.by_age(olds):
        step = min(sizes[one.metadata.name], spare)
        sizes[one.metadata.name] -= step
        spare -= step
    return _only_changes(olds, sizes)


def recreate(olds: Sequence[ReplicaSet]) -> Sizes:
    """Everything old goes at once."""
    return {one.metadata.name: 0 for one in olds if one.spec.replicas}


def is_scaling(deployment: Deployment, sets: Sequence[ReplicaSet]) -> bool:
    """Whether the wanted number has changed since the active ReplicaSets were last scaled."""
    active = (one for one in sets if one.spec.replicas > 0)
    return any(revisions.desired(one) not in (None, deployment.spec.replicas) for one in active)


def scale(deployment: Deployment, new: ReplicaSet | None, olds: Sequence[ReplicaSet]) -> Sizes:
    """The sizes after the wanted number has changed, without moving a rollout on.

    In the midst of a rollout the change is shared out in proportion to the ReplicaSets' sizes, so that a bad new
    template does not get all of the new pods.
    """
    every = [*olds, *([new] if new else [])]
    active = [one for one in every if one.spec.replicas > 0]
    if len(active) <= 1:
        only = active[0] if active else (new or max(every, key=revisions.revision_of, default=None))
        return _changed(only, deployment.spec.replicas) if only else {}
    if new is not None and _is_saturated(deployment, new):
        return recreate(olds)
    if deployment.spec.strategy.type != "RollingUpdate":
        return {}
    return _proportional(deployment, active)


def _proportional(deployment: Deployment, active: Sequence[ReplicaSet]) -> Sizes:
    allowed = most(deployment) if deployment.spec.replicas else 0
    to_add = allowed - sum(one.spec.replicas for one in active)
    if to_add == 0:
        return {}
    ordered = revisions.by_age(active)
    if to_add > 0:
        ordered.reverse()
    ordered.sort(key=lambda one: -one.spec.replicas)
    added = 0
    sizes: dict[str, int] = {}
    for one in ordered:
        share = _share(deployment, one, to_add - added)
        sizes[one.metadata.name] = one.spec.replicas + share
        added += share
    largest = ordered[0].metadata.name
    sizes[largest] = max(sizes[largest] + to_add - added, 0)
    return _only_changes(active, sizes)


def _share(deployment: Deployment, one: ReplicaSet, left: int) -> int:
    """What is due to one ReplicaSet, by its part of what the Deployment allowed before; at most what is `left`."""
    if deployment.spec.replicas == 0:
        return -one.spec.replicas
    before = revisions.maximum(one) or deployment.status.replicas
    share = round_half_away(one.spec.replicas * most(deployment) / before) - one.spec.replicas if before else 0
    return min(share, left) if left > 0 else max(share, left)


def round_half_away(number: float) -> int:
    """As Go's `math.Round`: halves away from zero."""
    return math.floor(abs(number) + 0.5) * (1 if number >= 0 else -1)


def _grown(deployment: Deployment, size: int, total: int) -> int:
    if deployment.spec.strategy.type != "RollingUpdate":
        return deployment.spec.replicas
    room = max(most(deployment) - total, 0)
    return size + max(min(room, deployment.spec.replicas - size), 0)


def _is_saturated(deployment: Deployment, new: ReplicaSet) -> bool:
    counts = (new.spec.replicas, new.status.available_replicas, revisions.desired(new))
    return all(count == deployment.spec.replicas for count in counts)


def _resolve(amount: int | str, replicas: int, rounded: Callable[[float], int]) -> int:
    return amount if isinstance(amount, int) else rounded(int(amount.removesuffix("%")) * replicas / 100)


def _changed(one: ReplicaSet, size: int) -> Sizes:
    return {one.metadata.name: size} if one.spec.replicas != size else {}


def _only_changes(sets: Sequence[ReplicaSet], sizes: Mapping[str, int]) -> Sizes:
    before = {one.metadata.name: one.spec.replicas for one in sets}
    return {name: size for name, size in sizes.items() if before[name] != size}
