"""Which log of a container is meant."""

from typing import Any

import msgspec
import pytest

from podvisor.node import logchoice, objects

RUNNING = {"running": {}}


def ended(run: int) -> dict[str, Any]:
    return {"terminated": {"exitCode": 1, "containerID": f"podvisor://u/main/{run}"}}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def pod(state: dict[str, Any], last: dict[str, Any] | None = None, run: int = 0) -> objects.Pod:
    told = {"name": "main", "state": state, "lastState": last or {}, "containerID": f"podvisor://u/main/{run}"}
    raw = {
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "main"}]},
        "status": {"containerStatuses": [told]},
    }
    return msgspec.convert(raw, objects.Pod)


@pytest.mark.parametrize(
    ("state", "last", "now", "before"),
    [
        (RUNNING, ended(6), 7, 6),
        (ended(7), ended(6), 7, 6),
        (waiting("CrashLoopBackOff"), ended(7), 7, 7),
    ],
)
def test_run_is_the_one_that_the_status_shows(state: dict[str, Any], last: dict[str, Any], now: int, before: int):
    shown = pod(state, last, run=7)
    assert logchoice.run(shown, "main", previous=False) == now
    assert logchoice.run(shown, "main", previous=True) == before


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("ErrImagePull", "image can't be pulled"),
        ("ImagePullBackOff", "trying and failing to pull image"),
        ("PodInitializing", "PodInitializing"),
    ],
)
def test_container_that_never_ran_has_no_log_and_says_what_it_waits_for(reason: str, words: str):
    with pytest.raises(logchoice.NoLog, match=f'^container "main" in pod "web" is waiting to start: {words}$'):
        logchoice.run(pod(waiting(reason)), "main", previous=False)


def test_first_run_has_none_before_it():
    with pytest.raises(logchoice.NoLog, match=r'^previous terminated container "main" in pod "web" not found$'):
        logchoice.run(pod(RUNNING), "main", previous=True)


def test_container_that_the_status_does_not_know_yet_has_no_log():
    with pytest.raises(logchoice.NoLog, match="no logs yet"):
        logchoice.run(pod(RUNNING), "other", previous=False)
