"""How many replicas a metric asks for: functions of readings, pods and targets.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details . All amounts are
thousandths, as Kubernetes counts them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from podvisor.sdk import conditions
from podvisor.sdk.objects.core import Container, Pod
from podvisor.types import quantity

TOLERANCE = 0.1
"""`--horizontal-pod-autoscaler-tolerance`: a ratio that is so near to 1 changes nothing."""
INITIALIZATION = timedelta(minutes=5)
"""`--horizontal-pod-autoscaler-cpu-initialization-period`."""
READINESS_DELAY = timedelta(seconds=30)
"""`--horizontal-pod-autoscaler-initial-readiness-delay`."""


class Uncountable(Exception):
    """It cannot be said how many replicas there should be; the text says why, in the controller's words."""


class Reading(NamedTuple):
    """What one pod uses, and over which time up to when it was measured."""

    value: int
    time: datetime
    window: timedelta


Requested = Callable[[], Mapping[str, int]]
"""What each pod requests. Raises Uncountable."""


class Proposal(NamedTuple):
    """How many replicas there should be by one metric, and what it is now."""

    replicas: int
    average: int
    """Of each pod, or of whatever the metric is about."""
    utilization: int | None = None
    """In percent of what is requested."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The pods that a target is about, and what is known of their use."""

    pods: Sequence[Pod]
    readings: Mapping[str, Reading]
    now: datetime
    of_processors: bool = False
    """True if it is the use of processors that was measured, which is no measure while a pod starts."""


@dataclass(slots=True)
class _Groups:
    ready: int = 0
    unready: set[str] = field(default_factory=set[str])
    missing: set[str] = field(default_factory=set[str])
    ignored: set[str] = field(default_factory=set[str])


def is_within(ratio: float) -> bool:
    """True if a ratio is so near to 1 that nothing is to be changed."""
    return 1.0 - TOLERANCE <= ratio <= 1.0 + TOLERANCE


def by_utilization(measured: Measured, current: int, target: int, requested_by: Requested) -> Proposal:
    """By the average use in percent of what the pods request. Raises Uncountable."""
    # Asked for once there is something to compare: who is not measured need not request anything.
    requests: dict[str, int] = {}

    def measure(values: Mapping[str, int]) -> tuple[float, Proposal]:
        requests.update(requested_by())
        known = {name: value for name, value in values.items() if name in requests}
        requested = sum(requests[name] for name in known)
        if not requested:
            raise Uncountable("no metrics returned matched known pods")
        used = sum(known.values())
        utilization = used * 100 // requested
        return utilization / target, Proposal(0, used // len(known), utilization)

    # A pod of which nothing is known counts as one that uses all that it requests, where that would scale down.
    return _count(measured, current, measure, lambda name: requests[name] * max(100, target) // 100)


def by_average(measured: Measured, current: int, target: int) -> Proposal:
    """By the average of a value of each pod. Raises Uncountable."""

    def measure(values: Mapping[str, int]) -> tuple[float, Proposal]:
        average = sum(values.values()) // len(values)
        return average / target, Proposal(0, average)

    return _count(measured, current, measure, lambda name: target)


def by_value(pods: Sequence[Pod], current: int, usage: int, target: int) -> Proposal:
    """By a value of something else than the pods. Raises Uncountable."""
    ratio = usage / target
    if current == 0:
        return Proposal(math.ceil(ratio), usage)
    if is_within(ratio):
        return Proposal(current, usage)
    _some(pods)
    ready = sum(pod.status.phase == "Running" and conditions.is_true(pod.status.conditions, "Ready") for pod in pods)
    return Proposal(math.ceil(ratio * ready), usage)


def by_value_for_each(replicas: int, usage: int, target: int) -> Proposal:
    """By a value of something else, of which each replica may have so much."""
    proposed = replicas
    # Without replicas there is no ratio: Go's division by zero is infinite, and so out of every tolerance.
    if not replicas or not is_within(usage / (target * replicas)):
        proposed = math.ceil(usage / target)
    return Proposal(proposed, math.ceil(usage / replicas) if replicas else usage)


def requests_of(pods: Sequence[Pod], resource: str, container: str) -> Mapping[str, int]:
    """What each pod, or one container of each, requests. Raises Uncountable where one requests nothing."""
    found: dict[str, int] = {}
    for pod in pods:
        sidecars = [one for one in pod.spec.init_containers if one.restart_policy == "Always"]
        every = [*pod.spec.containers, *sidecars]
        chosen = [one for one in every if container in ("", one.name)]
        found[pod.metadata.name] = sum(_request(one, resource, pod.metadata.name) for one in chosen)
    return found


def _request(container: Container, resource: str, pod: str) -> int:
    if (amount := container.resources.requests.get(resource)) is None:
        raise Uncountable(f"missing request for {resource} in container {container.name} of Pod {pod}")
    return quantity.parse(str(amount)).milli


def _some(pods: Sequence[Pod]) -> None:
    if not pods:
        raise Uncountable("no pods returned by selector while calculating replica count")


Measure = Callable[[Mapping[str, int]], tuple[float, Proposal]]


def _count(measured: Measured, current: int, measure: Measure, fallback: Callable[[str], int]) -> Proposal:
    """What ready pods use decides; the others may only make a change smaller, never turn its direction."""
    _some(measured.pods)
    groups = _grouped(measured)
    left_out = groups.ignored | groups.unready
    values = {name: one.value for name, one in measured.readings.items() if name not in left_out}
    if not values:
        raise Uncountable("did not receive metrics for targeted pods (pods might be unready)")
    ratio, seen = measure(values)
    grows_with_unready = bool(groups.unready) and ratio > 1.0
    if not grows_with_unready and not groups.missing:
        return seen._replace(replicas=current if is_within(ratio) else math.ceil(ratio * groups.ready))
    if ratio < 1.0:
        values |= {name: fallback(name) for name in groups.missing}
    elif ratio > 1.0:
        values |= dict.fromkeys(groups.missing, 0)
    if grows_with_unready:
        values |= dict.fromkeys(groups.unready, 0)
    again, _ = measure(values)
    turns = (ratio < 1.0 < again) or (again < 1.0 < ratio)
    proposed = math.ceil(again * len(values))
    against = (again < 1.0 and proposed > current) or (again > 1.0 and proposed < current)
    return seen._replace(replicas=current if is_within(again) or turns or against else proposed)


def _grouped(measured: Measured) -> _Groups:
    groups = _Groups()
    for pod in measured.pods:
        name = pod.metadata.name
        if pod.metadata.deleting or pod.status.phase == "Failed":
            groups.ignored.add(name)
        elif pod.status.phase == "Pending":
            groups.unready.add(name)
        elif (reading := measured.readings.get(name)) is None:
            groups.missing.add(name)
        elif measured.of_processors and _is_starting(pod, reading, measured.now):
            groups.unready.add(name)
        else:
            groups.ready += 1
    return groups


def _is_starting(pod: Pod, reading: Reading, now: datetime) -> bool:
    """True if what a pod uses of processors says nothing yet of what it will use when it is ready."""
    ready, started = conditions.find(pod.status.conditions, "Ready"), pod.status.start_time
    if ready is None or started is None:
        return True
    since = ready.last_transition_time or started
    if started + INITIALIZATION > now:
        return ready.status == "False" or reading.time < since + reading.window
    return ready.status == "False" and started + READINESS_DELAY > since
