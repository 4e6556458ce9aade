"""What a new process of the node makes of pods that an earlier one ran."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podvisor.node import crashes, objects, recovery
from podvisor.node.states import Container, Terminated, Waiting

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


def test_crash_loop_goes_on_where_it_was(tmp_path: Path):
    one = Container("main", outdated=True)
    for _ in range(4):
        one = one.begun(NOW, "x").over(Terminated(1, "Error", NOW, NOW))
    crashes.write(tmp_path, {"main": one})
    ended = {"exitCode": 1, "reason": "Error", "startedAt": THEN, "finishedAt": THEN, "containerID": "x"}
    known = recovery.containers(pod(state={"waiting": {}}, lastState={"terminated": ended}, containerID="x"), NOW)
    again = recovery.recall(known["main"], crashes.read(tmp_path)["main"], NOW)
    assert again.retry == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=40)
    assert again.over(Terminated(1, "Error", NOW, NOW)).retry == NOW + timedelta(seconds=80)


@pytest.mark.parametrize(("ran", "count"), [(timedelta(minutes=1), 4), (timedelta(minutes=10), 0)])
def test_container_that_ran_when_the_node_ended_is_started_at_once_and_keeps_its_count(ran: timedelta, count: int):
    now = datetime.fromisoformat(THEN) + ran
    known = recovery.containers(pod(state={"running": {"startedAt": THEN}}, containerID="x"), now)
    again = recovery.recall(known["main"], 4, now)
    assert (again.retry, again.crashes) == (None, count)


def test_counts_that_cannot_be_read_are_none(tmp_path: Path):
    assert crashes.read(tmp_path) == {}
    (tmp_path / "crashes.json").write_text('{"main"')
    assert crashes.read(tmp_path) == {}


def test_container_that_had_ended_keeps_its_end():
    ended = {"exitCode": 3, "reason": "Error", "startedAt": THEN, "finishedAt": THEN, "containerID": "x"}
    for told in ({"state": {"terminated": ended}}, {"state": {"waiting": {}}, "lastState": {"terminated": ended}}):
        one = recovery.containers(pod(**told, containerID="x"), NOW)["main"]
        assert isinstance(one.state, Terminated)
        assert (one.state.code, one.state.reason) == (3, "Error")
