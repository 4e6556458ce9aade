"""How much history a store keeps when nobody asks it to compact."""

from pathlib import Path

import pytest

from podvisor.store import Compacted, NoSpace, embedded
from podvisor.store.backend import ALL, Backend, Delete
from podvisor.store.journal import Batch
from podvisor.store.retention import Retention
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.testing.store_contract import keys, put


async def swept(store: Backend) -> None:
    """Let the batches go by that compact and sweep: each of these waits for one."""
    for _ in range(5):
        await store.grant(1_000_000)


async def test_revisions_stay_readable_for_their_time_and_then_go():
    clock, journal = VirtualClock(), MemoryJournal()
    async with embedded.running(journal, clock=clock, retention=Retention(seconds=300)) as store:
        for _ in range(10):
            await put(store, b"a")
        await clock.advance(299)
        await put(store, b"a")
        assert await keys(store, revision=2) == [b"a"]
        await clock.advance(60)
        await swept(store)
        with pytest.raises(Compacted):
            await store.range(b"a", revision=2)
        assert await keys(store, revision=11) == [b"a"], "the latest writes are not old enough"
        await clock.advance(600)
        await swept(store)
        await clock.advance(600)
        await swept(store)
        assert journal.size == 1


async def test_history_goes_earlier_where_there_is_too_much_of_it():
    clock, journal = VirtualClock(), MemoryJournal()
    async with embedded.running(journal, clock=clock, retention=Retention(bytes=100_000)) as store:
        for _ in range(1000):
            await put(store, b"a", b"x" * 1000)
        await swept(store)
        assert journal.size < 200
        assert await keys(store, revision=950) == [b"a"], "what fits is kept"


async def test_a_quiet_store_does_nothing():
    clock, journal = VirtualClock(), MemoryJournal()
    async with embedded.running(journal, clock=clock) as store:
        await put(store, b"a")
        await clock.advance(3600)
        commits = journal.commits
        await clock.advance(36_000)
        assert journal.commits == commits
        assert (await store.range(b"\0", ALL)).count == 1


async def test_space_is_given_back_on_disk(tmp_path: Path):
    clock = VirtualClock()
    async with embedded.open(tmp_path, clock=clock) as store:
        for _ in range(20):
            for number in range(50):
                await put(store, b"%d" % number, b"x" * 20_000)
            await store.compact((await store.range(b"\0")).revision)
    assert (tmp_path / "data.mdb").stat().st_size < 5_000_000, "20 MB were written, 1 MB is live"


class CrampedJournal(MemoryJournal):
    """A journal that has room for ten records, and for deletions, as a disk's file system tends to have."""

    def commit(self, batch: Batch) -> None:
        if batch.grows and batch.changes and self.size - len(batch.garbage) + len(batch.changes) > 10:
            raise NoSpace("ten records")
        super().commit(batch)


async def test_a_store_without_room_gives_up_its_history_for_what_is_written():
    async with embedded.running(CrampedJournal(), clock=VirtualClock()) as store:
        for number in range(10):
            await put(store, b"a", b"%d" % number)
        await put(store, b"b")
        assert await keys(store) == [b"a", b"b"]
        with pytest.raises(Compacted):
            await store.range(b"a", revision=2)
        for number in range(8):
            await put(store, b"live %d" % number)
        with pytest.raises(NoSpace):
            await put(store, b"more")
        for number in range(2):
            await store.txn([], [Delete(b"live %d" % number)])
        await put(store, b"more")
