"""The single writer: turns the steps of many callers into batches, each synced once (group commit).

While one batch is on its way to the disk, the next one's steps gather. Steps run on the event loop, in the order in
which they were asked for; the journal runs on a thread of its own, so that the loop never waits for a disk. Only when
the journal has the batch is it applied, shown to watches, and acknowledged, in this order.

A store that has no room for a write gives up all of its history first, whatever its retention says: what has been is
worth less than what is to come.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar, cast

from podvisor.store.draft import Draft
from podvisor.store.errors import NoSpace, StoreError, Unavailable
from podvisor.store.history import History
from podvisor.store.journal import Batch, Contents, Journal, Place
from podvisor.store.leases import Leases

T = TypeVar("T")

BATCH = 512
"""The most steps in one batch: what a caller at its end waits for at worst."""
SWEEP = 1024
"""About how many forgotten records go with one batch, so that compaction never holds up a write for long."""


@dataclass(slots=True)
class _Asked:
    """A step, who waits for it, and what came of it. Even a refusal is told only once what it rests on is durable."""

    step: Callable[[Draft], object]
    reply: asyncio.Future[object]
    answer: object = None
    refusal: StoreError | None = None

    def run(self, draft: Draft) -> None:
        self.answer = self.refusal = None
        try:
            self.answer = self.step(draft)
        except StoreError as refusal:
            self.refusal = refusal

    def tell(self) -> None:
        if self.refusal is not None:
            self.refuse(self.refusal)
        elif not self.reply.done():
            self.reply.set_result(self.answer)

    def refuse(self, why: StoreError) -> None:
        if not self.reply.done():
            self.reply.set_exception(why)


class Writer:
    """Everything that changes a store goes through `submit`. `run` does the work; nothing moves without it."""

    def __init__(self, history: History, leases: Leases, journal: Journal, committed: Callable[[Draft], None]) -> None:
        """`committed` takes in a draft that has become durable."""
        self._history = history
        self._leases = leases
        self._journal = journal
        self._committed = committed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._asked: deque[_Asked] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._garbage: Sequence[Place] = ()
        self._full = False
        self._closed = ""

    async def load(self, take: Callable[[Contents], None]) -> None:
        """Read the journal, on its thread. Before anything else."""
        await self._on_thread(lambda: take(self._journal.load()))

    async def submit(self, step: Callable[[Draft], T]) -> T:
        """Run a step and return its answer once everything it saw and did is durable.

        Cancelling stops the waiting, not the step. Raises what the step raises, NoSpace, or Unavailable.
        """
        if self._closed:
            raise Unavailable(self._closed)
        asked = _Asked(step, asyncio.get_running_loop().create_future())
        self._asked.append(asked)
        self.nudge()
        return cast("T", await asked.reply)

    def nudge(self) -> None:
        """Say that there is something to do."""
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write batches for ever."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._asked or self._sweeping:
                    await self._batch([self._asked.popleft() for _ in range(min(BATCH, len(self._asked)))])
                    await asyncio.sleep(0)
                self._idle.set()
        finally:
            self._fail(Unavailable("the store is closed"))
            self._idle.set()

    async def drain(self) -> None:
        """Refuse new steps and return when those before are done."""
        self._closed = self._closed or "the store is closed"
        await self._idle.wait()

    async def close(self) -> None:
        """Close the journal, after the batch that is on its way. Whoever still waits gets Unavailable."""
        self._fail(Unavailable("the store is closed"))
        await self._on_thread(self._journal.close)
        self._thread.shutdown()

    @property
    def _sweeping(self) -> bool:
        """Whether forgotten records are to be deleted now."""
        return (bool(self._garbage) or self._history.unforgotten) and not (self._full or self._closed)

    async def _batch(self, asked: Sequence[_Asked]) -> None:
        """Run steps together; if the result does not fit, each alone, so that only what is too large fails."""
        self._sweep()
        try:
            await self._together(asked, self._garbage)
            self._garbage, self._full = (), False
        except NoSpace:
            self._full = True
            await self._make_room()
            for one in asked:
                await self._alone(one)

    async def _make_room(self) -> None:
        """End history here and delete what it held. Deletions may be refused as well: then the next try goes on."""
        forget = _Asked(lambda draft: draft.compact(draft.revision), asyncio.get_running_loop().create_future())
        with contextlib.suppress(NoSpace):
            if self._history.revision > self._history.compacted:
                await self._together([forget], ())
            while self._garbage or self._history.unforgotten:
                self._sweep()
                await self._together((), self._garbage)
                self._garbage = ()

    async def _alone(self, asked: _Asked) -> None:
        try:
            await self._together([asked], ())
        except NoSpace as full:
            asked.refuse(full)

    async def _together(self, asked: Sequence[_Asked], garbage: Sequence[Place]) -> None:
        """Run steps, make what they did durable and then visible, and answer them. NoSpace changes nothing."""
        draft = Draft(self._history, self._leases)
        for one in asked:
            one.run(draft)
        try:
            await self._commit(draft, garbage)
        except Unavailable as broken:
            self._fail(broken, asked)
        except NoSpace:
            raise
        except BaseException:
            self._fail(Unavailable("the store was closed while it wrote"), asked)
            raise
        else:
            for one in asked:
                one.tell()

    async def _commit(self, draft: Draft, garbage: Sequence[Place]) -> None:
        batch = Batch(draft.changes, draft.granted, draft.ended, draft.compacted, garbage, grows=draft.grows)
        if garbage or not draft.empty:
            await self._on_thread(lambda: self._journal.commit(batch))
        self._committed(draft)

    def _sweep(self) -> None:
        """Have some forgotten records ready for deletion. They stay so until a batch has taken them."""
        if not self._garbage and self._history.unforgotten:
            self._garbage = [(change.revision, change.index) for change in self._history.forget(SWEEP)]

    def _fail(self, why: Unavailable, running: Sequence[_Asked] = ()) -> None:
        """Nothing can be promised any more: refuse what waits, and whatever comes."""
        self._closed = self._closed or str(why)
        waiting = [*running, *self._asked]
        self._asked.clear()
        for one in waiting:
            one.refuse(why)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
