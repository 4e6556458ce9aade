"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The wall time at which a virtual clock starts."""

ROUNDS = 64
"""How many turns `settle` gives the event loop: enough for a chain of that many tasks to wake one another."""


async def settle(rounds: int = ROUNDS) -> None:
    """Let every task that can run do so, until (for chains up to `rounds` long) all wait for something outside."""
    for _ in range(rounds):
        await asyncio.sleep(0)


class VirtualClock:
    """A `Clock` whose time passes only in `advance`.

    Sleepers wake in the order of their deadlines, each at exactly its own time, and everything that follows from
    one of them has settled before the next wakes.
    """

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._elapsed = 0.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._call_later(seconds, lambda: woken.done() or woken.set_result(None))
        await woken

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return self._timeout(seconds)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking sleepers on the way. Returns when what they did has settled."""
        await settle()
        target = self._elapsed + seconds
        while self._timers and self._timers[0][0] <= target:
            self._elapsed, _, fire = heapq.heappop(self._timers)
            fire()
            await settle()
        self._elapsed = target

    @asynccontextmanager
    async def _timeout(self, seconds: float) -> AsyncGenerator[object]:
        async with asyncio.timeout(None) as timeout:
            left = False

            def expire() -> None:
                if not left:
                    timeout.reschedule(0)

            self._call_later(max(seconds, 0), expire)
            try:
                yield timeout
            finally:
                left = True

    def _call_later(self, seconds: float, fire: Callable[[], object]) -> None:
        heapq.heappush(self._timers, (self._elapsed + seconds, next(self._order), lambda: (fire(), None)[1]))
