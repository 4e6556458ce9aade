"""What workload controllers need to know about pods, and how they make and remove them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from podvisor.sdk import conditions, errors
from podvisor.sdk.objects.apps import template_metadata
from podvisor.sdk.objects.core import Pod

T = TypeVar("T")

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
ENDED = ("Succeeded", "Failed")
PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def is_active(pod: Pod) -> bool:
    """Whether it counts: it has not ended and nobody has asked for its deletion."""
    return pod.metadata.deletion_timestamp is None and pod.status.phase not in ENDED


def is_ended(pod: Pod) -> bool:
    """Whether all of its containers have ended for good."""
    return pod.status.phase in ENDED


def is_ready(pod: Pod) -> bool:
    """Whether it serves."""
    return conditions.is_true(pod.status.conditions, "Ready")


def ready_since(pod: Pod) -> datetime | None:
    """Since when it has been ready, if it is and says so."""
    ready = conditions.find(pod.status.conditions, "Ready")
    return ready.last_transition_time if ready is not None and ready.status == "True" else None


def is_available(pod: Pod, min_ready_seconds: int, now: datetime) -> bool:
    """Whether it has been ready for at least that long."""
    if not is_ready(pod) or min_ready_seconds == 0:
        return is_ready(pod)
    since = ready_since(pod)
    return since is not None and since + timedelta(seconds=min_ready_seconds) <= now


def until_available(pods: Iterable[Pod], min_ready_seconds: int, now: datetime) -> float | None:
    """Seconds until the next ready pod becomes available, if one is on its way there."""
    if min_ready_seconds == 0:
        return None
    starts = [since for pod in pods if (since := ready_since(pod)) is not None]
    waits = [(since + timedelta(seconds=min_ready_seconds) - now).total_seconds() for since in starts]
    return min((wait for wait in waits if wait > 0), default=None)


def rank_for_deletion(pods: Iterable[Pod], related: Iterable[Pod], now: datetime) -> list[Pod]:
    """The most dispensable first, as Kubernetes' `ActivePodsWithRanks` orders them.

    Unassigned before assigned, pending before unknown before running, not ready before ready, cheap before dear
    (the pod-deletion-cost annotation), on a crowded node before on an empty one (counting `related` pods), ready for a
    short time before long, often restarted before seldom, young before old.
    """
    crowd: dict[str, int] = {}
    for pod in related:
        crowd[pod.spec.node_name] = crowd.get(pod.spec.node_name, 0) + 1

    def order(pod: Pod) -> tuple[Any, ...]:
        created = pod.metadata.creation_timestamp or now
        return (
            bool(pod.spec.node_name),
            PHASES.get(pod.status.phase, 0),
            is_ready(pod),
            _deletion_cost(pod),
            -crowd.get(pod.spec.node_name, 0),
            (now - (ready_since(pod) or now)).total_seconds(),
            -sum(status.restart_count for status in pod.status.container_statuses),
            (now - created).total_seconds(),
        )

    return sorted(pods, key=order)


def from_template(template: dict[str, Any], generate_name: str, owner: dict[str, Any]) -> dict[str, Any]:
    """A new pod after a template, named by the server and owned by whom the reference names."""
    metadata = template_metadata(template)
    kept = {name: metadata[name] for name in ("labels", "annotations", "finalizers") if metadata.get(name)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": generate_name, "ownerReferences": [owner], **kept},
        "spec": template.get("spec") or {},
    }


def is_namespace_ending(error: errors.ApiError) -> bool:
    """Whether a create was refused because its namespace is being deleted: then there is nothing to try again."""
    return any(cause.reason == "NamespaceTerminating" for cause in error.status.details.causes)


async def slow_start(todo: Sequence[T], action: Callable[[T], Awaitable[None]]) -> list[Exception]:
    """Act on `todo` in batches of 1, 2, 4, ... and stop after the first batch in which something fails.

    A refusal that would meet every one of them (a quota, say) thus costs few requests. The answer is the failures,
    one per item that was tried in vain; items after the failed batch were not tried.
    """
    done, size = 0, 1
    while done < len(todo):
        batch = todo[done : done + size]
        outcomes = await asyncio.gather(*(action(item) for item in batch), return_exceptions=True)
        failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        done += len(batch)
        if failed:
            return failed
        size *= 2
    return []


def _deletion_cost(pod: Pod) -> int:
    try:
        return int(pod.metadata.annotations.get(DELETION_COST, "0"))
    except ValueError:
        return 0
