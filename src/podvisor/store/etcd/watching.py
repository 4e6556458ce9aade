"""Watches over etcd: each a stream of its own, taken up again where it was when a connection breaks."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import grpc

from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.store.backend import WatchBatch
from podvisor.store.errors import Compacted, StoreError
from podvisor.store.etcd import rpc_pb2 as rpc
from podvisor.store.etcd import translate
from podvisor.store.etcd.client import Client, Refused, translated

RETRY = Backoff(first=0.05, limit=5.0, jitter=0.2)
"""How long to wait before a broken stream is opened again."""
AHEAD = 8
"""How many responses wait for a reader before etcd is left to wait."""
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED}
"""What a connection that broke, or a member that went away, looks like."""


class EtcdWatch:
    """See `backend.Watch`. `run` must run as a task beside the reader."""

    def __init__(self, client: Client, clock: Clock, start: bytes, end: bytes | None, revision: int) -> None:
        self._client = client
        self._clock = clock
        self._range = (start, end or b"")
        self._next = revision
        self._batches: asyncio.Queue[WatchBatch | StoreError | None] = asyncio.Queue(AHEAD)
        self._requests: asyncio.Queue[rpc.WatchRequest] = asyncio.Queue()
        self._closed = asyncio.Event()

    def __aiter__(self) -> AsyncIterator[WatchBatch]:
        return self

    async def __anext__(self) -> WatchBatch:
        if self._closed.is_set() or (batch := await self._batches.get()) is None:
            raise StopAsyncIteration
        if isinstance(batch, StoreError):
            self._closed.set()
            raise batch
        return batch

    def request_progress(self) -> None:
        self._requests.put_nowait(rpc.WatchRequest(progress_request=rpc.WatchProgressRequest()))

    def close(self) -> None:
        self._closed.set()

    async def run(self) -> None:
        """Carry batches from etcd to the reader until the watch is closed."""
        reading = asyncio.ensure_future(self._read())
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait([reading, closing], return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            closing.cancel()
            await asyncio.gather(reading, closing, return_exceptions=True)
            self._end()

    async def _read(self) -> None:
        failures = 0
        while True:
            try:
                async for response in self._client.stream("Watch/Watch", self._asking(), rpc.WatchResponse):
                    failures = 0
                    await self._take(response)
            except Refused as refused:
                if refused.code not in PASSING:
                    await self._batches.put(translated(refused))
                    return
            except Compacted as compacted:
                await self._batches.put(compacted)
                return
            failures += 1
            await self._clock.sleep(RETRY.delay(failures))

    async def _take(self, response: rpc.WatchResponse) -> None:
        """Pass on what etcd said. A response with events may name a revision beyond them: it is not to be trusted."""
        if response.compact_revision:
            raise Compacted(response.compact_revision)
        if response.canceled:
            raise Refused(grpc.StatusCode.UNAVAILABLE, response.cancel_reason)
        if response.created:
            return
        reached = response.header.revision
        if response.events:
            reached = response.events[-1].kv.mod_revision
            self._next = reached + 1
        await self._batches.put(WatchBatch(reached, translate.events(response.events)))

    async def _asking(self) -> AsyncGenerator[rpc.WatchRequest]:
        """What is asked on one stream: first the range, from where the last stream left off."""
        key, end = self._range
        create = rpc.WatchCreateRequest(key=key, range_end=end, start_revision=self._next, prev_kv=True)
        yield rpc.WatchRequest(create_request=create)
        while True:
            yield await self._requests.get()

    def _end(self) -> None:
        """Wake a reader that waits. Whatever it has not read yet is of no use to it."""
        self._closed.set()
        while not self._batches.empty():
            self._batches.get_nowait()
        self._batches.put_nowait(None)
