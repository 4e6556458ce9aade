"""The contract, over every implementation."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from podvisor.store import embedded
from podvisor.store.backend import Backend
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal
from podvisor.testing.store_contract import StoreContract


class TestInMemory(StoreContract):
    @pytest.fixture
    async def store(self, clock: VirtualClock) -> AsyncGenerator[Backend]:
        async with embedded.running(MemoryJournal(), clock=clock) as store:
            yield store


class TestOnLmdb(StoreContract):
    @pytest.fixture
    async def store(self, clock: VirtualClock, tmp_path: Path) -> AsyncGenerator[Backend]:
        async with embedded.open(tmp_path / "store", clock=clock) as store:
            yield store
