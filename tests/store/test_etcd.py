"""The contract over a real etcd, where one is installed. Each test has an etcd of its own: revisions begin at 1."""

import asyncio
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from podvisor.base.clock import SystemClock
from podvisor.store import Unavailable
from podvisor.store.backend import Backend
from podvisor.testing.clock import VirtualClock
from podvisor.testing.store_contract import StoreContract, collect, put

if not shutil.which("etcd"):
    pytest.skip("no etcd on PATH", allow_module_level=True)
pytest.importorskip("grpc")

from podvisor.store import etcd  # needs the extra


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return server.getsockname()[1]


class Etcd:
    """An etcd process that can be stopped and started again."""

    def __init__(self, directory: Path) -> None:
        self.target = f"127.0.0.1:{free_port()}"
        client, peer = f"http://{self.target}", f"http://127.0.0.1:{free_port()}"
        self._command = ["etcd", "--data-dir", directory, "--unsafe-no-fsync", "--log-level", "error"]
        self._command += ["--listen-client-urls", client, "--advertise-client-urls", client]
        self._command += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
        self._command += ["--initial-cluster", f"default={peer}"]
        self._command += ["--heartbeat-interval", "10", "--election-timeout", "100"]

    async def start(self) -> None:
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(*self._command, stdout=quiet, stderr=quiet)

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[Etcd]:
    server = Etcd(tmp_path / "etcd")
    await server.start()
    yield server
    await server.stop()


async def opened(server: Etcd) -> AsyncGenerator[Backend]:
    """A backend over a server that may still be starting."""
    while True:
        try:
            async with etcd.open(etcd.Settings(server.target), clock=SystemClock()) as store:
                yield store
                return
        except Unavailable:
            await asyncio.sleep(0.05)


@pytest.fixture
async def store(server: Etcd) -> AsyncGenerator[Backend]:
    async for store in opened(server):
        yield store


class TestOnEtcd(StoreContract):
    @pytest.fixture
    def clock(self) -> VirtualClock:
        pytest.skip("etcd has a clock of its own")

    async def test_a_deletion_at_the_oldest_revision_is_still_seen(self, store: Backend):
        pytest.skip("not every etcd keeps a deletion at the revision that it is compacted to")

    async def test_every_batch_says_how_far_the_watch_has_got(self, store: Backend):
        pytest.skip("etcd before 3.4.25 and 3.5.8 may send a progress mark ahead of events")


async def test_a_watch_goes_on_where_it_was_when_etcd_comes_back(server: Etcd, store: Backend):
    watch = store.watch(b"a", b"b")
    await put(store, b"a1")
    assert [event.kv.key for event in await collect(watch, 1)] == [b"a1"]
    await server.stop()
    with pytest.raises(Unavailable):
        await put(store, b"a2")
    await server.start()
    async for again in opened(server):
        await put(again, b"a3")
    assert [event.kv.key for event in await collect(watch, 1)] == [b"a3"]
