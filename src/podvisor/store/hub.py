"""Watches: each a place in the history, with a short buffer for those who keep up.

A watch that keeps up is handed its events as they become durable. One that does not is let go of: it keeps only the
revision that it has reached, and reads on from the history when its reader comes back, so that a slow reader costs
the others nothing and is never skipped ahead. If the history no longer reaches back that far, the watch ends.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence

from podvisor.store import history as histories
from podvisor.store.backend import Event, WatchBatch
from podvisor.store.errors import Compacted
from podvisor.store.history import Change, History

BUFFER = 1024
"""How many events wait for one reader before it must read the history instead."""
CHUNK = 4096
"""How many changes of the history are looked at before the event loop gets a turn."""


class HubWatch:
    """A watch on a hub; see `backend.Watch`."""

    def __init__(self, hub: "Hub", start: bytes, end: bytes | None, revision: int) -> None:
        self._hub = hub
        self._range = (start, end)
        self._next = revision
        self._pending: list[Event] = []
        self._live = False
        self._progress = False
        self._closed = False
        self._woken: asyncio.Future[None] | None = None

    def __aiter__(self) -> AsyncIterator[WatchBatch]:
        return self

    async def __anext__(self) -> WatchBatch:
        while not self._closed:
            if (batch := self._take_nowait()) is not None:
                return batch
            await (self._wait() if self._live else asyncio.sleep(0))
        raise StopAsyncIteration

    def request_progress(self) -> None:
        self._progress = True
        self._wake()

    def close(self) -> None:
        self._closed = True
        self._hub.leave(self._range, self)
        self._wake()

    def push(self, events: Sequence[Event]) -> None:
        """Events of this range that follow all those before them."""
        if not self._live:
            return
        if len(self._pending) + len(events) > BUFFER:
            self._live, self._next = False, max(self._next, events[0].kv.mod_revision)
        else:
            self._pending += [event for event in events if event.kv.mod_revision >= self._next]
        self._wake()

    def _take_nowait(self) -> WatchBatch | None:
        """The next batch, if there is one. Advances a watch that reads history, even if that finds nothing."""
        if self._pending:
            return self._take_pending()
        if not self._live:
            return self._read_history()
        if self._progress:
            self._progress = False
            return WatchBatch(self._hub.history.revision, [])
        return None

    def _take_pending(self) -> WatchBatch:
        events, self._pending = self._pending, []
        reached = self._hub.history.revision if self._live else self._next - 1
        return WatchBatch(reached, events)

    def _read_history(self) -> WatchBatch | None:
        try:
            events, upto = self._hub.history.changes(*self._range, self._next, limit=CHUNK)
        except Compacted:
            self.close()
            raise
        self._next = max(self._next, upto + 1)
        self._live = upto == self._hub.history.revision
        if not events and not (self._live and self._progress):
            return None
        self._progress = self._progress and not self._live
        return WatchBatch(upto, events)

    async def _wait(self) -> None:
        self._woken = asyncio.get_running_loop().create_future()
        try:
            await self._woken
        finally:
            self._woken = None

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class Hub:
    """All watches of a store. `publish` costs one look at each distinct range for each change."""

    def __init__(self, history: History) -> None:
        self.history = history
        self._watches: dict[tuple[bytes, bytes | None], set[HubWatch]] = {}
        self._closed = False

    def watch(self, start: bytes, end: bytes | None, revision: int) -> HubWatch:
        """As `Backend.watch`."""
        watch = HubWatch(self, start, end, revision or self.history.revision + 1)
        if self._closed:
            watch.close()
        else:
            self._watches.setdefault((start, end), set()).add(watch)
        return watch

    def publish(self, changes: Sequence[Change]) -> None:
        """Tell the watches of changes that the history has just taken in."""
        for (start, end), watches in self._watches.items():
            events = [change.event for change in changes if histories.contains(start, end, change.key)]
            if events:
                for watch in watches:
                    watch.push(events)

    def leave(self, watched: tuple[bytes, bytes | None], watch: HubWatch) -> None:
        """Forget a watch."""
        watches = self._watches.get(watched, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(watched, None)

    def close(self) -> None:
        """End every watch, and every one that is asked for later."""
        self._closed = True
        for watch in [watch for watches in self._watches.values() for watch in watches]:
            watch.close()
