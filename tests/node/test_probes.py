"""When probes are asked, and what follows from their answers."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from podvisor.node import actions, objects, probes, supervision
from podvisor.testing.clock import VirtualClock, settle


class Subject:
    """A container whose health a test decides."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = VirtualClock()
        self.healthy = True
        self.hanging = False
        self.asked: list[float] = []
        self.told: list[str] = []
        self.answers: list[tuple[str, bool]] = []
        monkeypatch.setattr(actions, "perform", self._perform)

    async def _perform(self, action: objects.Action, target: object) -> None:
        self.asked.append(self.clock.monotonic())
        if self.hanging:
            await asyncio.get_running_loop().create_future()
        if not self.healthy:
            raise actions.Unsuccessful("sick")

    def tell(self, what: str) -> Callable[..., None]:
        return lambda *words: self.told.append(" ".join([what, *map(str, words)]))

    @asynccontextmanager
    async def watched(self, **kinds: objects.Probe) -> AsyncGenerator[None]:
        described = objects.Container(name="main", **cast("dict[str, Any]", kinds))
        watcher = supervision.Watcher(
            self.tell("started"),
            self.tell("ready"),
            self.tell("unhealthy"),
            self.tell("warned"),
            self.tell("kill"),
            lambda kind, success: self.answers.append((kind, success)),
        )
        target = cast("actions.Target", self)
        watching = asyncio.create_task(supervision.watch(described, target, watcher))
        await settle()
        yield
        watching.cancel()
        await asyncio.wait({watching})


@pytest.fixture
def subject(monkeypatch: pytest.MonkeyPatch) -> Subject:
    return Subject(monkeypatch)


def probe(**more: Any) -> objects.Probe:
    return objects.Probe(exec=objects.Command(["x"]), **more)


async def test_container_without_probes_is_ready_at_once(subject: Subject):
    async with subject.watched():
        assert subject.told == ["started", "ready True"]


async def test_probe_is_asked_after_its_delay_and_then_in_its_period(subject: Subject):
    async with subject.watched(readiness_probe=probe(initial_delay_seconds=5, period_seconds=3)):
        await subject.clock.advance(12)
    assert subject.asked == [5, 8, 11]


async def test_readiness_follows_the_thresholds(subject: Subject):
    async with subject.watched(readiness_probe=probe(period_seconds=1, success_threshold=2, failure_threshold=3)):
        assert "ready True" not in subject.told
        await subject.clock.advance(1)
        assert subject.told[-1] == "ready True"
        subject.healthy = False
        await subject.clock.advance(2)
        assert "ready False" not in subject.told
        await subject.clock.advance(1)
        assert subject.told[-1] == "ready False"
        assert subject.told[-2] == "unhealthy Readiness probe failed: sick"


async def test_success_in_between_forgives_the_failures(subject: Subject):
    async with subject.watched(liveness_probe=probe(period_seconds=1, failure_threshold=2)):
        for healthy in (False, True, False, True):
            subject.healthy = healthy
            await subject.clock.advance(1)
    assert not [one for one in subject.told if one.startswith("kill")]


async def test_liveness_kills_with_its_own_grace_period_at_the_threshold(subject: Subject):
    wanted = probe(period_seconds=10, failure_threshold=3, termination_grace_period_seconds=7)
    async with subject.watched(liveness_probe=wanted):
        subject.healthy = False
        await subject.clock.advance(29)
        assert not [one for one in subject.told if one.startswith("kill")]
        await subject.clock.advance(1)
    assert subject.told[-1] == "kill Container main failed liveness probe, will be restarted 7"


async def test_answer_that_takes_too_long_is_no(subject: Subject):
    subject.hanging = True
    async with subject.watched(readiness_probe=probe(period_seconds=10, timeout_seconds=2, failure_threshold=1)):
        await subject.clock.advance(2)
    assert subject.told[-1] == "ready False"
    assert "timed out" in subject.told[-2]


async def test_startup_probe_holds_the_others_back_until_it_succeeds(subject: Subject):
    subject.healthy = False
    startup = probe(period_seconds=1, failure_threshold=100)
    async with subject.watched(startup_probe=startup, readiness_probe=probe(period_seconds=5)):
        await subject.clock.advance(10)
        assert set(subject.told) == {"unhealthy Startup probe failed: sick"}
        subject.healthy = True
        await subject.clock.advance(1)
        assert subject.told[-2:] == ["started", "ready True"]
        assert len(subject.asked) == 13


def test_tally_begins_undecided():
    tally = probes.Tally(probe(success_threshold=2, failure_threshold=2))
    assert [tally.note(success=one) for one in (True, False, True, True)] == [None, None, None, True]


async def test_every_answer_is_counted(subject: Subject):
    async with subject.watched(liveness_probe=probe(period_seconds=1), readiness_probe=probe(period_seconds=10)):
        subject.healthy = False
        await subject.clock.advance(2)
    assert subject.answers.count(("Liveness", True)) == 1
    assert subject.answers.count(("Liveness", False)) == 2
    assert subject.answers.count(("Readiness", True)) == 1
