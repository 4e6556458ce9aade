"""The embedded store: history in memory, a journal below it, one writer between them.

async with embedded.open(path, clock=clock) as store:
    await store.txn([], [Put(b"key", b"value")])
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.store import transactions
from podvisor.store.backend import ALL, Compare, LeaseStatus, Op, RangeResult, TxnResult, Watch
from podvisor.store.draft import Draft
from podvisor.store.errors import LeaseNotFound, NoSpace
from podvisor.store.history import History
from podvisor.store.hub import Hub
from podvisor.store.journal import Contents, Journal
from podvisor.store.leases import Leases
from podvisor.store.lmdb_journal import LmdbJournal
from podvisor.store.retention import Keeper, Retention
from podvisor.store.writer import Writer

log = logging.getLogger(__name__)

IDLE = 3600.0
"""Seconds between looks at the leases where there are none."""
RETRY = 1.0
"""Seconds until a lease that could not be ended for lack of space is tried again."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much an embedded store keeps."""

    max_bytes: int = 8 << 30
    """The largest data file. Beyond it puts get NoSpace; deletes and compaction still work."""
    retention: Retention = field(default_factory=Retention)
    """How much history it keeps of its own accord; see `retention`."""


class EmbeddedStore:
    """A `Backend` in this process, for one event loop. See `backend` for what it promises."""

    def __init__(self, journal: Journal, clock: Clock, retention: Retention) -> None:
        self._clock = clock
        self._history = History()
        self._leases = Leases()
        self._hub = Hub(self._history)
        self._writer = Writer(self._history, self._leases, journal, self._committed)
        self._keeper = Keeper(retention, self._history, clock, self.compact)
        self._lease_added = asyncio.Event()

    async def range(
        self, start: bytes, end: bytes | None = None, *, revision: int = 0, limit: int = 0, count_only: bool = False
    ) -> RangeResult:
        return self.range_nowait(start, end, revision=revision, limit=limit, count_only=count_only)

    def range_nowait(
        self, start: bytes, end: bytes | None = None, *, revision: int = 0, limit: int = 0, count_only: bool = False
    ) -> RangeResult:
        """`range` without waiting: this store answers from memory."""
        return self._history.range(start, end, revision=revision, limit=limit, count_only=count_only)

    async def txn(self, compares: Sequence[Compare], success: Sequence[Op], failure: Sequence[Op] = ()) -> TxnResult:
        return await self._writer.submit(
            lambda draft: transactions.run(draft, self._history, compares, success, failure)
        )

    def watch(self, start: bytes, end: bytes | None = None, *, revision: int = 0) -> Watch:
        return self._hub.watch(start, end, revision)

    async def compact(self, revision: int) -> None:
        await self._writer.submit(lambda draft: draft.compact(revision))

    async def grant(self, ttl: int, lease: int = 0) -> LeaseStatus:
        chosen = lease or self._free_lease()
        await self._writer.submit(lambda draft: draft.grant(chosen, max(ttl, 1)))
        return self._leases.status(chosen, self._clock.monotonic())

    async def revoke(self, lease: int) -> int:
        def step(draft: Draft) -> int:
            draft.end_lease(lease)
            return draft.revision

        return await self._writer.submit(step)

    async def keep_alive(self, lease: int) -> LeaseStatus:
        self._leases.keep_alive(lease, self._clock.monotonic())
        return await self.lease(lease)

    async def lease(self, lease: int) -> LeaseStatus:
        return self._leases.status(lease, self._clock.monotonic())

    async def leases(self) -> Sequence[int]:
        return self._leases.ids()

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Load the journal and do the store's work while the block runs; then finish what was asked, and close."""
        try:
            await self._writer.load(self._load)
            async with tasks.background() as scope:
                scope.start(self._writer.run(), name="store writer")
                scope.start(self._end_leases(), name="store leases")
                scope.start(self._keeper.run(), name="store retention")
                self._writer.nudge()
                try:
                    yield
                finally:
                    await self._writer.drain()
        finally:
            self._hub.close()
            await self._writer.close()

    def _load(self, contents: Contents) -> None:
        now = self._clock.monotonic()
        for lease, ttl in contents.leases.items():
            self._leases.add(lease, ttl, now)
        self._history.load(contents.records)
        self._history.compact(contents.compacted)
        self._leases.attach(self._history.live(b"", ALL))

    def _committed(self, draft: Draft) -> None:
        """A batch is durable: show it."""
        now = self._clock.monotonic()
        for lease in draft.ended:
            self._leases.remove(lease)
        for lease, ttl in draft.granted.items():
            self._leases.add(lease, ttl, now)
            self._lease_added.set()
        self._leases.follow(draft.changes)
        self._history.apply(draft.changes)
        if draft.compacted is not None:
            self._history.compact(draft.compacted)
        self._hub.publish(draft.changes)
        self._keeper.wrote()

    async def _end_leases(self) -> None:
        """End each lease when its time has run out."""
        while True:
            for lease in self._leases.expired(self._clock.monotonic()):
                await self._end_lease(lease)
            deadline = self._leases.next_deadline()
            self._lease_added.clear()
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(IDLE if deadline is None else deadline - self._clock.monotonic()):
                    await self._lease_added.wait()

    async def _end_lease(self, lease: int) -> None:
        try:
            await self.revoke(lease)
        except LeaseNotFound:
            pass  # revoked meanwhile
        except NoSpace as full:
            log.warning("the lease %x has ended but its keys cannot be deleted yet: %s", lease, full)
            await self._clock.sleep(RETRY)

    def _free_lease(self) -> int:
        """An id that no lease has: positive and 63 bits wide, as etcd's."""
        while (lease := secrets.randbits(63)) in self._leases or lease == 0:
            pass
        return lease


@asynccontextmanager
async def open(path: Path, *, clock: Clock, settings: Settings | None = None) -> AsyncGenerator[EmbeddedStore]:
    """The store in a directory, made if need be. Raises AlreadyOpen, Damaged, OSError."""
    chosen = settings or Settings()
    journal = await asyncio.to_thread(LmdbJournal, path, max_bytes=chosen.max_bytes)
    async with running(journal, clock=clock, retention=chosen.retention) as store:
        yield store


@asynccontextmanager
async def running(
    journal: Journal, *, clock: Clock, retention: Retention | None = None
) -> AsyncGenerator[EmbeddedStore]:
    """A store over a journal, which it closes in the end."""
    store = EmbeddedStore(journal, clock, retention or Retention())
    async with store.serving():
        yield store
