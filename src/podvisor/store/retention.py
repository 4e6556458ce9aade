"""How much history a store keeps of its own accord, so that a store nobody compacts does not grow without end.

kube-apiserver compacts its etcd to the revision of five minutes ago (`--etcd-compaction-interval`); this does the
same, and less than five minutes where that much history would not fit in memory, or on the disk (`writer`).
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from podvisor.base.clock import Clock
from podvisor.store.errors import Compacted, NoSpace
from podvisor.store.history import History

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept. Whoever reads or watches from further back gets Compacted."""

    seconds: float = 300.0
    """The age up to which revisions stay readable."""
    bytes: int = 64 << 20
    """The size of changes (keys and values) beyond which older ones go earlier."""

    @property
    def step(self) -> float:
        """How often to look, in seconds."""
        return self.seconds / 10

    @property
    def stride(self) -> int:
        """After how many written bytes to look, whatever the time."""
        return self.bytes // 8


class Mark(NamedTuple):
    """How far the store had got at some time."""

    time: float
    revision: int
    written: int


class Marks:
    """How far the store got when, so that an age or a size can be turned into a revision."""

    def __init__(self) -> None:
        self._marks: deque[Mark] = deque()
        self._noted = 0

    def note(self, mark: Mark) -> None:
        """The store is now at `mark`."""
        if mark.revision > self._noted:
            self._noted = mark.revision
            self._marks.append(mark)

    def due(self, now: float, written: int, retention: Retention) -> int | None:
        """The newest revision that is old enough, or has enough written after it, to end history at; None if none."""
        due: int | None = None
        while self._marks and (
            now - self._marks[0].time >= retention.seconds or written - self._marks[0].written >= retention.bytes
        ):
            due = self._marks.popleft().revision
        return due


class Keeper:
    """Compacts a store as its retention says."""

    def __init__(
        self, retention: Retention, history: History, clock: Clock, compact: Callable[[int], Awaitable[None]]
    ) -> None:
        self._retention = retention
        self._history = history
        self._clock = clock
        self._compact = compact
        self._marks = Marks()
        self._looked = 0
        self._grown = asyncio.Event()

    def wrote(self) -> None:
        """The history has grown."""
        if self._history.written - self._looked >= self._retention.stride:
            self._grown.set()

    async def run(self) -> None:
        """Look from time to time, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with self._clock.timeout(self._retention.step):
                    await self._grown.wait()
            self._grown.clear()
            await self._look()

    async def _look(self) -> None:
        now = self._clock.monotonic()
        self._looked = self._history.written
        self._marks.note(Mark(now, self._history.revision, self._looked))
        due = self._marks.due(now, self._looked, self._retention)
        if due is not None:
            await self._end_history_at(due)

    async def _end_history_at(self, revision: int) -> None:
        try:
            await self._compact(revision)
        except Compacted:
            pass  # somebody else has asked for more
        except NoSpace as full:
            log.warning("history could not be compacted to revision %d: %s", revision, full)
