"""What a store finds when it is opened again."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from podvisor.store import Compacted, LeaseNotFound, embedded
from podvisor.store.backend import ALL, Backend, Delete, Put
from podvisor.store.retention import Retention
from podvisor.testing.clock import VirtualClock, settle
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.testing.store_contract import brief, collect, delete, keys, put

Open: TypeAlias = Callable[[], AbstractAsyncContextManager[Backend]]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["memory", "lmdb"])
def reopen(request: pytest.FixtureRequest, clock: VirtualClock, tmp_path: Path) -> Open:
    """Opens the same store again and again."""
    journal = MemoryJournal()

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Backend]:
        if request.param == "memory":
            async with embedded.running(journal, clock=clock) as store:
                yield store
        else:
            async with embedded.open(tmp_path, clock=clock) as store:
                yield store

    return opened


async def test_keys_and_revisions_are_there_again(reopen: Open):
    async with reopen() as store:
        await put(store, b"a", b"1")
        await store.txn([], [Put(b"b", b"\0\xff"), Put(b"c", b"")])
        await put(store, b"a", b"2")
        before = await store.range(b"\0", ALL)
    async with reopen() as store:
        assert await store.range(b"\0", ALL) == before
        assert await put(store, b"d") == 5


async def test_history_is_there_again(reopen: Open):
    async with reopen() as store:
        await put(store, b"a", b"1")
        await store.txn([], [Put(b"b", b""), Delete(b"a")])
        await put(store, b"a", b"2")
    async with reopen() as store:
        assert [kv.value for kv in (await store.range(b"a", revision=2)).kvs] == [b"1"]
        assert await keys(store, revision=3) == [b"b"]
        events = await collect(store.watch(b"\0", ALL, revision=2), 4)
        assert brief(events) == [("PUT", b"a", 2), ("PUT", b"b", 3), ("DELETE", b"a", 3), ("PUT", b"a", 4)]
        assert events[2].prev_kv is not None
        assert events[2].prev_kv.value == b"1"
        assert events[3].prev_kv is None


async def test_a_store_whose_last_change_was_a_deletion_keeps_its_revision(reopen: Open):
    async with reopen() as store:
        await put(store, b"a")
        last = await delete(store, b"a")
        await store.compact(last)
    async with reopen() as store:
        assert (await store.range(b"\0", ALL)).revision == last
        assert await put(store, b"a") == last + 1


async def test_compaction_is_remembered(reopen: Open):
    async with reopen() as store:
        for number in range(5):
            await put(store, b"a", b"%d" % number)
        await store.compact(4)
    async with reopen() as store:
        with pytest.raises(Compacted):
            await store.range(b"a", revision=3)
        assert [kv.value for kv in (await store.range(b"a", revision=4)).kvs] == [b"2"]
        with pytest.raises(Compacted):
            await store.compact(4)


async def test_a_deleted_key_does_not_come_back_after_compaction(reopen: Open):
    async with reopen() as store:
        for _ in range(3):
            await put(store, b"a")
        await delete(store, b"a")
        last = await put(store, b"b")
        await store.compact(last)
        await put(store, b"c")
    async with reopen() as store:
        assert await keys(store) == [b"b", b"c"]


async def test_leases_are_there_again_with_their_whole_time(reopen: Open, clock: VirtualClock):
    async with reopen() as store:
        await store.grant(10, 7)
        await store.grant(10, 8)
        await put(store, b"a", lease=7)
        await store.revoke(8)
        await clock.advance(9)
    await clock.advance(100)
    async with reopen() as store:
        status = await store.lease(7)
        assert (status.ttl, status.remaining, list(status.keys)) == (10, 10, [b"a"])
        with pytest.raises(LeaseNotFound):
            await store.lease(8)
        await clock.advance(10)
        await settle()
        assert await put(store, b"b") == 4
        assert await keys(store) == [b"b"]


async def test_compaction_goes_on_where_a_crash_stopped_it(clock: VirtualClock):
    journal = MemoryJournal()
    keep_all = Retention(seconds=1e9)
    async with embedded.running(journal, clock=clock, retention=keep_all) as store:
        for number in range(3000):
            await put(store, b"%d" % (number % 10))
        await store.compact(3001)
    stopped_at = journal.size
    assert stopped_at > 1000, "closing does not wait for the sweep, so there is something to go on with"
    async with embedded.running(journal, clock=clock, retention=keep_all) as store:
        for _ in range(10):
            await put(store, b"x")
        assert journal.size <= 10 + 10 + 1, "ten live keys, ten puts since, and what the oldest revision supersedes"
        assert (await store.range(b"\0", ALL)).count == 11
