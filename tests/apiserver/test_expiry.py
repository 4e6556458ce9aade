"""Leases for objects that end by themselves."""

from collections.abc import AsyncGenerator

import pytest

from podvisor.apiserver.expiry import Expiry
from podvisor.store import embedded
from podvisor.store.backend import Backend
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(clock: VirtualClock) -> AsyncGenerator[Backend]:
    async with embedded.running(MemoryJournal(), clock=clock) as store:
        yield store


async def test_what_is_written_within_a_minute_shares_a_lease(store: Backend, clock: VirtualClock) -> None:
    expiry = Expiry(store, clock)
    first = await expiry.lease(3600)
    assert await expiry.lease(3600) == first
    assert (await store.lease(first)).ttl >= 3600
    await clock.advance(61)
    assert await expiry.lease(3600) != first


async def test_a_lease_serves_a_thousand_objects(store: Backend, clock: VirtualClock) -> None:
    expiry = Expiry(store, clock)
    given = [await expiry.lease(3600) for _ in range(1001)]
    assert len(set(given[:1000])) == 1
    assert given[1000] != given[0]


async def test_most_objects_need_none(store: Backend, clock: VirtualClock) -> None:
    assert await Expiry(store, clock).lease(0) == 0
    assert await store.leases() == []
