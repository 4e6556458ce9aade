"""The contract, over every implementation."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from podvisor.store import Compacted, DuplicateKey, embedded
from podvisor.store.backend import ALL, Backend, Delete, Put
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.testing.store_contract import StoreContract


class EmbeddedContract(StoreContract):
    """What the embedded store promises beyond the contract."""

    async def test_a_reader_that_did_not_begin_in_time_is_told(self, store: Backend):
        watch = store.watch(b"\0", ALL, revision=1)
        for number in range(30):
            await store.txn([], [Put(b"%d" % key, b"%d" % number) for key in range(100)])
        await store.compact(31)
        with pytest.raises(Compacted) as caught:
            await anext(watch)
        assert caught.value.revision == 31

    async def test_a_delete_of_everything_and_a_put_change_a_key_twice(self, store: Backend):
        with pytest.raises(DuplicateKey):
            await store.txn([], [Delete(b"\0", ALL), Put(b"a", b"")])


class TestInMemory(EmbeddedContract):
    @pytest.fixture
    async def store(self, clock: VirtualClock) -> AsyncGenerator[Backend]:
        async with embedded.running(MemoryJournal(), clock=clock) as store:
            yield store


class TestOnLmdb(EmbeddedContract):
    @pytest.fixture
    async def store(self, clock: VirtualClock, tmp_path: Path) -> AsyncGenerator[Backend]:
        async with embedded.open(tmp_path / "store", clock=clock) as store:
            yield store
