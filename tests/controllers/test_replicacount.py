"""How many replicas a metric asks for.

The figures are those that kube-controller-manager's own cases have (its `replica_calculator_test.go`); whoever changes
one of them changes what every autoscaler in the world expects.
"""

from datetime import UTC, datetime, timedelta

import pytest

from podvisor.controllers import replicacount
from podvisor.controllers.replicacount import Measured, Reading, Uncountable
from podvisor.sdk.objects.core import Container, Pod, PodSpec, PodStatus, ResourceRequirements
from podvisor.sdk.objects.meta import Condition, ObjectMeta

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOT, COOL = NOW, NOW - 10 * MINUTE
"""When a pod began that is still starting, and one that is long through with it."""


def pod(at: int, ready: str = "True", phase: str = "Running", started: datetime | None = None, **meta) -> Pod:
    began = started or NOW - timedelta(hours=1)
    told = Condition(type="Ready", status=ready, last_transition_time=began)
    container = Container(name="main", resources=ResourceRequirements(requests={"cpu": "1"}))
    return Pod(
        metadata=ObjectMeta(name=f"pod-{at}", **meta),
        spec=PodSpec(containers=[container]),
        status=PodStatus(phase=phase, start_time=began, conditions=[told]),
    )


def measured(levels, *, ready="", hot="", phases=(), of_processors=True, count=0) -> Measured:
    """Pods with these uses; `ready` and `hot` have a letter for each pod, `n` where it is not ready, `h` if hot."""
    count = max(count, len(levels))
    pods = []
    for at in range(count):
        state = "False" if ready[at : at + 1] == "n" else "True"
        phase = phases[at] if at < len(phases) else "Running"
        began = {"h": HOT, "c": COOL}.get(hot[at : at + 1])
        if state == "False" and began is None:
            began = NOW
        pods.append(pod(at, state, phase, began))
    readings = {f"pod-{at}": Reading(level, NOW, MINUTE) for at, level in enumerate(levels)}
    return Measured(pods, readings, NOW, of_processors=of_processors)


REQUEST = 1000


@pytest.mark.parametrize(
    ("current", "target", "given", "expected"),
    [
        pytest.param(3, 30, {"levels": [300, 500, 700]}, (5, 50), id="scale up"),
        pytest.param(3, 30, {"levels": [300, 500, 700], "ready": "nyy"}, (4, 60), id="up, one unready: less"),
        pytest.param(3, 30, {"levels": [300, 500, 700], "hot": "hcc"}, (4, 60), id="up, one hot: less"),
        pytest.param(3, 30, {"levels": [400, 500, 700], "ready": "ynn"}, (3, 40), id="up, two unready: none"),
        pytest.param(3, 30, {"levels": [400, 500, 700], "hot": "chh"}, (3, 40), id="up, two hot: none"),
        pytest.param(
            3, 30, {"levels": [500, 700], "phases": ["Running", "Running", "Failed"], "count": 3}, (4, 60),
            id="up, a failed pod does not count",
        ),
        pytest.param(5, 50, {"levels": [100, 300, 500, 250, 250]}, (3, 28), id="scale down"),
        pytest.param(5, 50, {"levels": [100, 300, 500, 250, 250], "ready": "yyyyn"}, (3, 28), id="down, one unready"),
        pytest.param(3, 100, {"levels": [1010, 1030, 1020]}, (3, 102), id="within tolerance"),
        pytest.param(4, 100, {"levels": [400, 95], "count": 4}, (3, 24), id="two unknown: down less"),
        pytest.param(2, 100, {"levels": [1000], "count": 2}, (2, 100), id="one unknown, at target"),
        pytest.param(2, 100, {"levels": [1900], "count": 2}, (2, 190), id="one unknown, above target"),
        pytest.param(2, 100, {"levels": [600], "count": 2}, (2, 60), id="one unknown, below target"),
        pytest.param(3, 50, {"levels": [100, 450], "ready": "nyy", "count": 3}, (3, 45), id="unready and unknown"),
        pytest.param(3, 50, {"levels": [100, 450], "hot": "hcc", "count": 3}, (3, 45), id="hot and unknown"),
        pytest.param(3, 50, {"levels": [100, 2000], "ready": "nyy", "count": 3}, (4, 200), id="both, up"),
        pytest.param(4, 50, {"levels": [100, 100, 100], "ready": "nyyy", "count": 4}, (3, 10), id="both, down"),
    ],
)  # fmt: skip
def test_by_utilization(current: int, target: int, given: dict, expected: tuple[int, int]):
    seen = measured(**given)
    requests = {one.metadata.name: REQUEST for one in seen.pods}
    found = replicacount.by_utilization(seen, current, target, lambda: requests)
    assert (found.replicas, found.utilization) == expected


def test_targets_above_what_is_requested_are_assumed_of_the_unknown():
    seen = measured([200, 100, 100], ready="nyyy", count=4)
    requests = {"pod-0": 1000, "pod-1": 1000, "pod-2": 2000, "pod-3": 2000}
    found = replicacount.by_utilization(seen, 4, 300, lambda: requests)
    assert (found.replicas, found.utilization) == (2, 6)


@pytest.mark.parametrize(
    ("current", "target", "given", "expected"),
    [
        pytest.param(3, 15000, {"levels": [20000, 10000, 30000]}, (4, 20000), id="up"),
        pytest.param(
            3, 15000, {"levels": [50000, 10000, 30000], "ready": "nyn"}, (6, 30000), id="readiness is ignored"
        ),
        pytest.param(5, 20000, {"levels": [12000] * 5}, (3, 12000), id="down"),
        pytest.param(3, 20000, {"levels": [20666] * 3}, (3, 20666), id="within tolerance"),
    ],
)
def test_by_average(current: int, target: int, given: dict, expected: tuple[int, int]):
    found = replicacount.by_average(measured(**given, of_processors=False), current, target)
    assert (found.replicas, found.average) == expected


@pytest.mark.parametrize(
    ("current", "usage", "target", "ready", "expected"),
    [
        pytest.param(3, 20000, 15000, 3, 4, id="up"),
        pytest.param(3, 16000, 15000, 3, 3, id="within tolerance"),
        pytest.param(5, 12000, 20000, 5, 3, id="down"),
        pytest.param(3, 20000, 15000, 2, 3, id="only ready pods count"),
        pytest.param(0, 20000, 15000, 0, 2, id="from zero"),
        pytest.param(3, 0, 15000, 3, 0, id="to zero"),
    ],
)
def test_by_a_value(current: int, usage: int, target: int, ready: int, expected: int):
    pods = [pod(at, "True" if at < ready else "False") for at in range(max(current, 1))]
    assert replicacount.by_value(pods, current, usage, target).replicas == expected


@pytest.mark.parametrize(
    ("present", "usage", "target", "expected"),
    [(3, 8600, 2150, (4, 2867)), (4, 8600, 2150, (4, 2150)), (5, 8600, 2000, (5, 1720)), (0, 100, 50, (2, 100))],
)
def test_by_a_value_for_each(present: int, usage: int, target: int, expected: tuple[int, int]):
    found = replicacount.by_value_for_each(present, usage, target)
    assert (found.replicas, found.average) == expected


def test_without_pods_nothing_can_be_said():
    with pytest.raises(Uncountable, match="no pods returned by selector while calculating replica count"):
        replicacount.by_average(Measured([], {}, NOW), 1, 100)


def test_pods_that_only_start_say_nothing():
    with pytest.raises(Uncountable, match=r"did not receive metrics for targeted pods \(pods might be unready\)"):
        replicacount.by_average(measured([100, 200], phases=["Pending", "Pending"]), 1, 100)


def test_every_container_has_to_request():
    pods = [pod(1)]
    pods[0].spec.containers.append(Container(name="side"))
    with pytest.raises(Uncountable, match="missing request for cpu in container side of Pod pod-1"):
        replicacount.requests_of(pods, "cpu", "")
    assert replicacount.requests_of(pods, "cpu", "main") == {"pod-1": 1000}


def test_sidecars_request_as_well():
    own = ResourceRequirements(requests={"cpu": "250m"})
    one = pod(1)
    one.spec.init_containers += [Container(name="once"), Container(name="s", restart_policy="Always", resources=own)]
    assert replicacount.requests_of([one], "cpu", "") == {"pod-1": 1250}


@pytest.mark.parametrize(
    ("ready", "started", "changed", "measured_at", "expected"),
    [
        ("False", 1, 1, 0, True),
        ("True", 3, 2, 0, False),
        ("True", 1, 0.5, 0, True),
        ("False", 10, 9, 0, False),
        ("False", 10, 9.8, 0, True),
        ("True", 10, 0.1, 0, False),
    ],
    ids=[
        "starts and is not ready",
        "starts, and was ready for a whole window",
        "starts, and was not ready for a whole window",
        "was ready once",
        "was never ready",
        "is through with its start",
    ],
)
def test_use_of_processors_at_the_start(ready, started, changed, measured_at, expected: bool):
    one = pod(1, ready, started=NOW - started * MINUTE)
    one.status.conditions[0].last_transition_time = NOW - changed * MINUTE
    seen = Measured([one], {"pod-1": Reading(100, NOW - measured_at * MINUTE, MINUTE)}, NOW, of_processors=True)
    if expected:
        with pytest.raises(Uncountable):
            replicacount.by_average(seen, 1, 100)
    else:
        assert replicacount.by_average(seen, 1, 100).replicas == 1
