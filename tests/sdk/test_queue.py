"""What a work queue promises (the head of `podvisor.sdk.queue`)."""

import asyncio

import pytest

from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.sdk import WorkQueue
from podvisor.testing.clock import settle


@pytest.fixture
def queue(clock) -> WorkQueue[str]:
    return WorkQueue(clock, Backoff(first=1.0, factor=2.0, limit=100.0))


def test_keys_come_in_order_and_once(queue):
    for key in ["a", "b", "a"]:
        queue.add(key)
    assert [queue.get_nowait(), queue.get_nowait(), queue.get_nowait()] == ["a", "b", None]


def test_a_key_added_while_it_is_worked_on_comes_again_afterwards(queue):
    queue.add("a")
    assert queue.get_nowait() == "a"
    queue.add("a")
    assert queue.get_nowait() is None
    queue.done("a")
    assert queue.get_nowait() == "a"


async def test_get_waits_for_a_key(queue):
    async with tasks.background() as scope:
        got = scope.start(queue.get())
        await settle()
        assert not got.done()
        queue.add("a")
        assert await got == "a"


async def test_a_cancelled_get_takes_nothing(queue):
    waiting = asyncio.ensure_future(queue.get())
    await settle()
    queue.add("a")
    waiting.cancel()
    await settle()
    assert queue.get_nowait() == "a"


async def test_a_delayed_key_comes_at_its_time_and_the_earliest_wish_counts(queue, clock):
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    async with tasks.background() as scope:
        got = scope.start(queue.get())
        await clock.advance(4.9)
        assert not got.done()
        await clock.advance(0.1)
        assert await got == "a"
    queue.done("a")
    await clock.advance(20)
    assert len(queue) == 0


async def test_a_shorter_delay_wakes_a_worker_that_waits_for_a_longer_one(queue, clock):
    queue.add_after("slow", 100)
    async with tasks.background() as scope:
        got = scope.start(queue.get())
        await settle()
        queue.add_after("quick", 1)
        await clock.advance(1)
        assert await got == "quick"


async def test_failures_wait_longer_each_time_until_forgotten(queue, clock):
    waits = []
    for _ in range(3):
        started = clock.monotonic()
        queue.add_rate_limited("a")
        while (key := queue.get_nowait()) is None:
            await clock.advance(1)
        waits.append(clock.monotonic() - started)
        queue.done(key)
    assert waits == [1, 2, 4]
    queue.forget("a")
    queue.add_rate_limited("a")
    await clock.advance(1)
    assert queue.get_nowait() == "a"
