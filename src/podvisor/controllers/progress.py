"""What a Deployment's status should say: counts, and the conditions that `kubectl rollout status` waits for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from podvisor.controllers import rollout
from podvisor.sdk import conditions
from podvisor.sdk.objects.apps import Deployment, DeploymentStatus, ReplicaSet
from podvisor.sdk.objects.meta import Condition

NEW_AVAILABLE = "NewReplicaSetAvailable"
TIMED_OUT = "ProgressDeadlineExceeded"
NO_DEADLINE = 2**31 - 1
"""As `progressDeadlineSeconds`: never time out (`MaxInt32`, what the API's first version defaulted to)."""


@dataclass(frozen=True, slots=True)
class View:
    """A Deployment with its ReplicaSets and the time."""

    deployment: Deployment
    new: ReplicaSet | None
    olds: Sequence[ReplicaSet]
    now: datetime

    @property
    def every(self) -> list[ReplicaSet]:
        """All of its ReplicaSets."""
        return [*self.olds, *([self.new] if self.new else [])]


def counted(view: View, told: Sequence[Condition]) -> DeploymentStatus:
    """The counts, and whether enough pods are available; `told` are the conditions so far."""
    every, deployment = view.every, view.deployment
    available = sum(one.status.available_replicas for one in every)
    least = deployment.spec.replicas - rollout.bounds(deployment).unavailable
    enough = available >= least
    return DeploymentStatus(
        observed_generation=deployment.metadata.generation,
        replicas=sum(one.status.replicas for one in every),
        updated_replicas=view.new.status.replicas if view.new else 0,
        ready_replicas=sum(one.status.ready_replicas for one in every),
        available_replicas=available,
        unavailable_replicas=max(sum(one.spec.replicas for one in every) - available, 0),
        collision_count=deployment.status.collision_count,
        conditions=conditions.put(told, _availability(enough, view.now)),
    )


def rolled(view: View, told: Sequence[Condition]) -> DeploymentStatus:
    """The status in the course of a rollout: how it gets on, and what keeps it from getting on."""
    status = counted(view, told)
    now_told = _with_progress(view, status, list(status.conditions))
    failures = (conditions.find(one.status.conditions, "ReplicaFailure") for one in reversed(view.every))
    failure = next((one for one in failures if one is not None), None)
    now_told = conditions.put(now_told, failure) if failure else conditions.drop(now_told, "ReplicaFailure")
    return msgspec.structs.replace(status, conditions=now_told)


def is_complete(deployment: Deployment, status: DeploymentStatus) -> bool:
    """Whether all pods are of the current template, available, and no others are left."""
    wanted = deployment.spec.replicas
    counts = (status.updated_replicas, status.replicas, status.available_replicas)
    return all(count == wanted for count in counts) and status.observed_generation >= deployment.metadata.generation


def progressing(status: str, reason: str, message: str, now: datetime) -> Condition:
    """The condition that tells how the rollout gets on."""
    return _condition("Progressing", status, reason, message, now)


def has_deadline(deployment: Deployment) -> bool:
    """Whether a rollout that does not get on is ever called failed."""
    return deployment.spec.progress_deadline_seconds < NO_DEADLINE


def until_deadline(deployment: Deployment, status: DeploymentStatus, now: datetime) -> float | None:
    """Seconds until this rollout has failed unless something moves; None where nothing is to be waited for."""
    told = conditions.find(status.conditions, "Progressing")
    if told is None or not has_deadline(deployment) or told.reason in (TIMED_OUT, NEW_AVAILABLE):
        return None
    return max((_deadline(deployment, told) - now).total_seconds(), 0) + 1


def pausing(deployment: Deployment, now: datetime) -> list[Condition]:
    """The conditions, with a note of a pause or its end where that is new."""
    told = list(deployment.status.conditions)
    current = conditions.find(told, "Progressing")
    if not has_deadline(deployment) or (current is not None and current.reason == TIMED_OUT):
        return told
    noted = current is not None and current.reason == "DeploymentPaused"
    if deployment.spec.paused and not noted:
        return conditions.put(told, progressing("Unknown", "DeploymentPaused", "Deployment is paused", now))
    if not deployment.spec.paused and noted:
        return conditions.put(told, progressing("Unknown", "DeploymentResumed", "Deployment is resumed", now))
    return told


def plain(status: DeploymentStatus) -> dict[str, Any]:
    """As a merge patch of the status: zero counts are struck out, as Go leaves them out."""
    counts = {
        "observedGeneration": status.observed_generation,
        "replicas": status.replicas,
        "updatedReplicas": status.updated_replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "unavailableReplicas": status.unavailable_replicas,
        "collisionCount": status.collision_count,
    }
    told = [conditions.plain(one) for one in status.conditions]
    return {name: count or None for name, count in counts.items()} | {"conditions": told}


def _with_progress(view: View, status: DeploymentStatus, told: list[Condition]) -> list[Condition]:
    deployment, current = view.deployment, conditions.find(told, "Progressing")
    settled = status.replicas == status.updated_replicas and current is not None and current.reason == NEW_AVAILABLE
    if not has_deadline(deployment) or settled:
        return told
    what = f'ReplicaSet "{view.new.metadata.name}"' if view.new else f'Deployment "{deployment.metadata.name}"'
    if is_complete(deployment, status):
        return conditions.put(
            told, progressing("True", NEW_AVAILABLE, f"{what} has successfully progressed.", view.now)
        )
    if _moved(deployment.status, status):
        moved = progressing("True", "ReplicaSetUpdated", f"{what} is progressing.", view.now)
        if current is not None and current.status == "True":
            moved = msgspec.structs.replace(moved, last_transition_time=current.last_transition_time)
        return [*conditions.drop(told, "Progressing"), moved]
    if current is not None and _timed_out(deployment, current, view.now):
        return conditions.put(told, progressing("False", TIMED_OUT, f"{what} has timed out progressing.", view.now))
    return told


def _moved(before: DeploymentStatus, after: DeploymentStatus) -> bool:
    return (
        after.updated_replicas > before.updated_replicas
        or after.replicas - after.updated_replicas < before.replicas - before.updated_replicas
        or after.ready_replicas > before.ready_replicas
        or after.available_replicas > before.available_replicas
    )


def _timed_out(deployment: Deployment, current: Condition, now: datetime) -> bool:
    return current.reason not in (NEW_AVAILABLE, TIMED_OUT) and _deadline(deployment, current) < now


def _deadline(deployment: Deployment, current: Condition) -> datetime:
    since = current.last_update_time or current.last_transition_time
    assert since is not None
    return since + timedelta(seconds=deployment.spec.progress_deadline_seconds)


def _availability(enough: bool, now: datetime) -> Condition:
    if enough:
        message = "Deployment has minimum availability."
        return _condition("Available", "True", "MinimumReplicasAvailable", message, now)
    message = "Deployment does not have minimum availability."
    return _condition("Available", "False", "MinimumReplicasUnavailable", message, now)


def _condition(type: str, status: str, reason: str, message: str, now: datetime) -> Condition:
    return Condition(
        type=type, status=status, reason=reason, message=message, last_transition_time=now, last_update_time=now
    )
