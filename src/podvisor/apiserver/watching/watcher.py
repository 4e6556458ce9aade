"""One who watches: behind, reading history from the store, or up with the cache and handed what concerns it.

A watcher whose client does not read is let go of: it keeps the revision that it has reached, and reads history from
there when its client comes back. Nothing is skipped, and nobody waits for it. If the store no longer has that history,
the watch ends with Compacted, as 410 Gone.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from podvisor.apiserver.selection import Selection
from podvisor.apiserver.watching.changes import Change
from podvisor.store.backend import Watch, WatchBatch

if TYPE_CHECKING:
    from podvisor.apiserver.watching.cache import WatchCache

BUFFER = 1024
"""Changes that wait for one watcher before it is let go of."""


class Batch(NamedTuple):
    """Changes of a watched range, in order. Some of them may not concern whoever watches."""

    revision: int
    """Everything up to it has now been delivered."""
    changes: Sequence[Change]


class Watcher:
    """Follows a selection from after a revision on. Made by `WatchCache.watch`; whoever has one closes it."""

    def __init__(self, cache: "WatchCache", chosen: Selection, revision: int) -> None:
        self.chosen = chosen
        self._cache = cache
        self._reached = revision
        self._pending: list[Change] = []
        self._history: Watch | None = None
        self._found: WatchBatch | None = None
        self._live = False
        self._marked = False
        self._closed = False
        self._error: Exception | None = None
        self._woken: asyncio.Future[None] | None = None
        self._go_live()

    async def next(self) -> Batch | None:
        """The next changes, or a progress mark that was asked for; None at the end. Cancelling it loses nothing.

        Raises what ended the feed, Compacted above all.
        """
        while not self._closed:
            if self._pending:
                return self._take()
            if not self._live:
                return await self._catch_up()
            if self._marked:
                self._marked = False
                return Batch(self._cache.revision, [])
            await self._wait()
        if self._error is not None:
            raise self._error
        return None

    def request_progress(self) -> None:
        """Ask for a batch, empty if need be, that tells how far this has got."""
        if self._live:
            self._cache.request_progress(self)

    def push(self, change: Change) -> None:
        """A change that may concern it, after all those before. It sees it when it is woken."""
        if change.revision <= self._reached:
            return
        if len(self._pending) == BUFFER:
            self._fall_behind(change.revision)
        else:
            self._pending.append(change)

    def mark(self) -> None:
        """All that the cache has seen has been pushed."""
        self._marked = True
        self.wake()

    def close(self, error: Exception | None = None) -> None:
        """End it. Closing twice is allowed."""
        self._closed, self._error = True, self._error or error
        self._cache.forget(self)
        self._leave_history()
        self.wake()

    def _take(self) -> Batch:
        changes, self._pending = self._pending, []
        if self._live:
            self._reached = self._cache.revision
        return Batch(self._reached, changes)

    def _fall_behind(self, revision: int) -> None:
        """Go back to history from `revision` on, all of it: a transaction is not to be seen by halves."""
        self._cache.leave(self)
        self._live = False
        self._pending = [change for change in self._pending if change.revision < revision]
        self._reached = revision - 1

    async def _catch_up(self) -> Batch:
        if self._history is None:
            self._history = self._cache.history(self.chosen, self._reached)
        # Without it nothing would come where nothing has happened.
        self._history.request_progress()
        try:
            # Kept until it is delivered: a conversion may be cancelled.
            found = self._found = self._found or await anext(self._history)
        except StopAsyncIteration:
            self.close()
            return Batch(self._reached, [])
        events = await self._cache.events(found.events)
        self._found = None
        self._reached = max(self._reached, found.revision)
        changes = [Change(self.chosen.resource, event) for event in events]
        self._go_live()
        return Batch(self._reached, changes)

    def _go_live(self) -> None:
        """Join the cache, if that has nothing that is still missing here."""
        if not self._closed and self._reached >= self._cache.revision:
            self._leave_history()
            self._live = True
            self._cache.join(self)

    def _leave_history(self) -> None:
        if self._history is not None:
            self._history.close()
            self._history = None

    async def _wait(self) -> None:
        self._woken = asyncio.get_running_loop().create_future()
        try:
            await self._woken
        finally:
            self._woken = None

    def wake(self) -> None:
        """Let it look at what it has been given."""
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)
