"""Group commit, and what happens when the journal refuses."""

import asyncio
import threading

import pytest

from podvisor.store import LeaseNotFound, NoSpace, Unavailable, embedded
from podvisor.store.backend import ALL, Put, Range
from podvisor.store.journal import Batch
from podvisor.testing.clock import VirtualClock, settle
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.testing.store_contract import keys, put


class HeldJournal(MemoryJournal):
    """A journal whose commits wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.reached = threading.Event()

    def commit(self, batch: Batch) -> None:
        self.reached.set()
        self.go.wait()
        super().commit(batch)

    async def reach(self) -> None:
        """Return when a commit is waiting."""
        await asyncio.to_thread(self.reached.wait)


class SmallJournal(MemoryJournal):
    """A journal that has room for no batch with more than 100 bytes of values."""

    def commit(self, batch: Batch) -> None:
        if sum(len(change.event.kv.value) for change in batch.changes) > 100:
            raise NoSpace("100 bytes")
        super().commit(batch)


async def test_writers_who_wait_together_share_a_sync():
    journal = MemoryJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store, asyncio.TaskGroup() as group:
        for number in range(64):
            group.create_task(put(store, b"%d" % number))
    assert journal.size == 64
    assert journal.commits <= 2


async def test_nothing_shows_before_it_is_durable():
    journal = HeldJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store:
        watch = store.watch(b"a")
        writing = asyncio.ensure_future(put(store, b"a"))
        reading = asyncio.ensure_future(anext(watch))
        await journal.reach()
        await settle()
        assert (await store.range(b"\0", ALL)).revision == 1
        assert not reading.done()
        assert not writing.done()
        journal.go.set()
        assert await writing == 2
        assert (await reading).revision == 2
        assert await keys(store) == [b"a"]


async def test_a_read_in_a_transaction_waits_for_what_it_saw_to_be_durable():
    journal = HeldJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store:
        await_first = asyncio.ensure_future(put(store, b"a"))
        await journal.reach()
        writing = asyncio.ensure_future(put(store, b"b"))
        reading = asyncio.ensure_future(store.txn([], [Range(b"\0", ALL)]))
        await settle()
        assert not reading.done()
        journal.go.set()
        assert (await reading).revision == 3
        assert (await_first.done(), writing.done()) == (True, True)


async def test_only_the_write_that_does_not_fit_is_refused():
    async with embedded.running(SmallJournal(), clock=VirtualClock()) as store:
        sizes = [40, 40, 200, 40]
        writes = [put(store, b"%d" % number, b"x" * size) for number, size in enumerate(sizes)]
        done = await asyncio.gather(*writes, return_exceptions=True)
        assert [isinstance(one, NoSpace) for one in done] == [False, False, True, False]
        assert await keys(store) == [b"0", b"1", b"3"]
        assert (await store.range(b"\0", ALL)).revision == 4


async def test_a_refusal_that_rests_on_a_write_which_failed_is_thought_over():
    """The lease's end and the grant share a batch that does not fit; alone, only the large write fails."""
    async with embedded.running(SmallJournal(), clock=VirtualClock()) as store:
        big, granted, attached = await asyncio.gather(
            put(store, b"big", b"x" * 200),
            store.grant(10, 7),
            put(store, b"a", b"1", lease=7),
            return_exceptions=True,
        )
        assert isinstance(big, NoSpace)
        assert not isinstance(granted, BaseException)
        assert attached == 2
        with pytest.raises(LeaseNotFound):
            await put(store, b"b", lease=8)


async def test_reads_go_on_and_writes_come_back_when_there_is_space_again():
    journal = MemoryJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store:
        await put(store, b"a", b"1")
        journal.refuse_with = NoSpace("the disk is full")
        watch = store.watch(b"\0", ALL, revision=1)
        with pytest.raises(NoSpace, match="the disk is full"):
            await put(store, b"a", b"2")
        assert [kv.value for kv in (await store.range(b"a")).kvs] == [b"1"]
        assert len((await anext(watch)).events) == 1
        journal.refuse_with = None
        assert await put(store, b"a", b"3") == 3


async def test_after_a_failed_sync_nothing_is_promised_any_more():
    journal = MemoryJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store:
        await put(store, b"a")
        journal.refuse_with = Unavailable("the disk did not take a write")
        with pytest.raises(Unavailable, match="did not take"):
            await put(store, b"b")
        journal.refuse_with = None
        with pytest.raises(Unavailable, match="did not take"):
            await put(store, b"c")
        assert await keys(store) == [b"a"]


async def test_a_caller_that_gives_up_stops_nobody_else():
    journal = HeldJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store:
        first = asyncio.ensure_future(put(store, b"a"))
        await journal.reach()
        impatient, patient = asyncio.ensure_future(put(store, b"b")), asyncio.ensure_future(put(store, b"c"))
        await settle()
        first.cancel()
        impatient.cancel()
        journal.go.set()
        assert await patient == 4
        assert await keys(store) == [b"a", b"b", b"c"]


async def test_closing_finishes_what_was_asked_and_refuses_what_comes():
    journal = HeldJournal()
    async with embedded.running(journal, clock=VirtualClock()) as store:
        writes = [asyncio.ensure_future(put(store, b"%d" % number)) for number in range(3)]
        watch = store.watch(b"\0", ALL)
        await journal.reach()
        journal.go.set()
    assert [await write for write in writes] == [2, 3, 4]
    with pytest.raises(Unavailable):
        await store.txn([], [Put(b"late", b"")])
    assert [batch async for batch in watch] == []


async def test_a_bug_in_a_step_ends_the_store_rather_than_one_write():
    class Broken(MemoryJournal):
        def commit(self, batch: Batch) -> None:
            raise ZeroDivisionError

    waiting: list[asyncio.Future[int]] = []

    async def use() -> None:
        async with embedded.running(Broken(), clock=VirtualClock()) as store:
            waiting.append(asyncio.ensure_future(put(store, b"a")))
            waiting.append(asyncio.ensure_future(put(store, b"b")))
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as caught:
        await use()
    assert caught.group_contains(ZeroDivisionError)
    for one in waiting:
        with pytest.raises(Unavailable):
            await one
