"""The virtual clock that other tests rely on."""

import asyncio

import pytest

from podvisor.testing.clock import VirtualClock, settle


async def test_sleepers_wake_in_the_order_of_their_deadlines_and_at_their_own_time():
    clock = VirtualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 5))
        group.create_task(sleeper("early", 2))
        await clock.advance(5)
    assert woken == [("early", 2), ("late", 5)]


async def test_a_sleeper_that_sleeps_again_within_one_advance_wakes_again():
    clock = VirtualClock()
    ticks: list[float] = []

    async def ticker() -> None:
        for _ in range(3):
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        group.create_task(ticker())
        await clock.advance(10)
    assert ticks == [1, 2, 3]


async def test_nothing_wakes_before_its_time():
    clock = VirtualClock()
    task = asyncio.ensure_future(clock.sleep(1))
    await clock.advance(0.999)
    assert not task.done()
    await clock.advance(0.001)
    assert task.done()


async def test_a_cancelled_sleeper_is_forgotten():
    clock = VirtualClock()
    task = asyncio.ensure_future(clock.sleep(1))
    await settle()
    task.cancel()
    await clock.advance(2)
    assert task.cancelled()


async def test_a_timeout_ends_the_body_at_its_time():
    clock = VirtualClock()

    async def stuck() -> None:
        async with clock.timeout(3):
            await asyncio.Event().wait()

    task = asyncio.ensure_future(stuck())
    await clock.advance(2.9)
    assert not task.done()
    await clock.advance(0.1)
    with pytest.raises(TimeoutError):
        await task


async def test_a_timeout_that_was_not_reached_does_nothing_later():
    clock = VirtualClock()
    async with clock.timeout(3):
        await clock.advance(1)
    await clock.advance(10)
    assert clock.monotonic() == 11
