"""A store without room: writes are refused with what to do, reads go on, and what is deleted makes room again."""

from collections.abc import AsyncGenerator

import pytest

from apiserver.conftest import Api
from podvisor.base.clock import SystemClock
from podvisor.store import NoSpace, embedded
from podvisor.store.backend import Backend
from podvisor.store.journal import Batch
from podvisor.testing.memory_journal import MemoryJournal

MAPS = "/api/v1/namespaces/default/configmaps"
ROOM = 200
"""Records: enough for what every cluster has from the beginning."""


class CrampedJournal(MemoryJournal):
    def commit(self, batch: Batch) -> None:
        if batch.grows and batch.changes and self.size - len(batch.garbage) + len(batch.changes) > ROOM:
            raise NoSpace("No space left on device")
        super().commit(batch)


@pytest.fixture
async def store() -> AsyncGenerator[Backend]:
    async with embedded.running(CrampedJournal(), clock=SystemClock()) as store:
        yield store


async def test_writes_are_refused_and_come_back(api: Api) -> None:
    names: list[str] = []
    while (reply := await api.post(MAPS, {"metadata": {"name": f"m{len(names)}"}})).code == 201:
        names.append(reply.body["metadata"]["name"])
    assert (reply.code, reply.body["reason"]) == (507, "InsufficientStorage")
    assert reply.message.startswith("no space for the write: No space left on device; nothing was changed")
    assert "make room on the disk of the data directory, or delete objects" in reply.message
    assert [one["metadata"]["name"] for one in (await api.get(MAPS)).body["items"]] == sorted(names)
    assert (await api.get("/readyz")).code == 200
    for name in names[:5]:
        assert (await api.delete(f"{MAPS}/{name}")).code == 200
    again = [(await api.post(MAPS, {"metadata": {"name": f"n{number}"}})).code for number in range(20)]
    assert again.count(201) >= 4, "a record each of the five, but for what the server itself may have written"
