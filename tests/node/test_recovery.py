"""What a new process of the node makes of pods that an earlier one ran."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from podvisor.node import objects, recovery
from podvisor.node.states import Terminated, Waiting

NOW = datetime(2026, 1, 2, tzinfo=UTC)
THEN = "2026-01-01T00:00:00Z"


def pod(**told: Any) -> objects.Pod:
    status = {"containerStatuses": [{"name": "main", **told}]} if told else {}
    raw = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main"}]}, "status": status}
    return msgspec.convert(raw, objects.Pod)


def test_container_that_never_ran_is_to_be_started():
    assert recovery.containers(pod(), NOW)["main"].state == Waiting()


def test_container_that_ran_has_ended_with_the_node():
    one = recovery.containers(
        pod(state={"running": {"startedAt": THEN}}, containerID="podvisor://u/main/2", restartCount=2), NOW
    )["main"]
    assert isinstance(one.state, Terminated)
    assert (one.state.code, one.state.finished, one.runs, one.restarts) == (137, NOW, 3, 2)


def test_container_that_had_ended_keeps_its_end():
    ended = {"exitCode": 3, "reason": "Error", "startedAt": THEN, "finishedAt": THEN, "containerID": "x"}
    for told in ({"state": {"terminated": ended}}, {"state": {"waiting": {}}, "lastState": {"terminated": ended}}):
        one = recovery.containers(pod(**told, containerID="x"), NOW)["main"]
        assert isinstance(one.state, Terminated)
        assert (one.state.code, one.state.reason) == (3, "Error")
