"""Scopes of background tasks, and supervision."""

import asyncio
import logging

import pytest

from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.testing.clock import VirtualClock


async def test_background_tasks_end_with_their_block():
    async with tasks.background() as scope:
        task = scope.start(asyncio.Event().wait())
        await asyncio.sleep(0)
        assert not task.done()
    assert task.cancelled()


async def test_leaving_waits_until_a_cancelled_task_has_cleaned_up():
    cleaned = False

    async def worker() -> None:
        nonlocal cleaned
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned = True

    async with tasks.background() as scope:
        scope.start(worker())
        await asyncio.sleep(0)
    assert cleaned


async def test_a_task_that_raises_ends_the_block_with_its_error():
    async def broken() -> None:
        raise ValueError("broken")

    async def body() -> None:
        async with tasks.background() as scope:
            scope.start(broken())
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await body()
    assert caught.group_contains(ValueError, match="broken")


async def test_an_error_of_the_body_ends_the_tasks_and_leaves_as_itself():
    started: list[asyncio.Task[object]] = []

    async def body() -> None:
        async with tasks.background() as scope:
            started.append(scope.start(asyncio.Event().wait()))
            raise KeyError("body")

    with pytest.raises(KeyError, match="body"):
        await body()
    assert started[0].cancelled()


async def test_supervised_work_starts_again_after_growing_delays_and_says_why(caplog: pytest.LogCaptureFixture):
    clock = VirtualClock()
    starts: list[float] = []

    async def crashing() -> None:
        starts.append(clock.monotonic())
        raise RuntimeError("out of order")

    async with tasks.background() as scope:
        scope.start(tasks.supervise("printer", crashing, clock=clock, backoff=Backoff(first=1, limit=60)))
        await clock.advance(7)
    assert starts == [0, 1, 3, 7]
    assert caplog.records[0].levelno == logging.ERROR
    assert "printer crashed" in caplog.text
    assert "out of order" in caplog.text


async def test_a_long_healthy_run_forgets_earlier_failures():
    clock = VirtualClock()
    starts: list[float] = []

    async def crashing_late() -> None:
        starts.append(clock.monotonic())
        if len(starts) == 3:
            await clock.sleep(100)
        raise RuntimeError

    async with tasks.background() as scope:
        scope.start(tasks.supervise("late", crashing_late, clock=clock, backoff=Backoff(first=1, limit=60)))
        await clock.advance(104)
    assert starts == [0, 1, 3, 104]
