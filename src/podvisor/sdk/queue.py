"""Keys that wait to be worked on.

What holds, as client-go's `util/workqueue` documents it:

- Fair: keys are worked on in the order in which they were added.
- Stingy: a key that is added several times before it is worked on is worked on once.
- One worker per key: a key that is added while it is being worked on waits until that work is done, then comes again.
- Level-triggered: a key says "look at this", never what happened; the worker looks at the state as it is by then.
"""

import asyncio
import heapq
import itertools
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import suppress
from typing import Generic, TypeVar

from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock

K = TypeVar("K", bound=Hashable)

BACKOFF = Backoff(first=0.005, factor=2.0, limit=1000.0)
"""client-go's default per key: 5 ms, doubled up to 1,000 s."""


class WorkQueue(Generic[K]):
    """A queue of keys. Nothing in it awaits but `get`, so every other method is atomic."""

    def __init__(self, clock: Clock, backoff: Backoff = BACKOFF) -> None:
        self._clock = clock
        self._backoff = backoff
        self._ready: OrderedDict[K, None] = OrderedDict()
        self._working: set[K] = set()
        self._again: set[K] = set()
        self._later: list[tuple[float, int, K]] = []
        self._due: dict[K, float] = {}
        self._order = itertools.count()
        self._failures: dict[K, int] = {}
        self._changed = asyncio.Event()

    def add(self, key: K) -> None:
        """Have `key` worked on."""
        if key in self._working:
            self._again.add(key)
        elif key not in self._ready:
            self._ready[key] = None
            self._wake()

    def add_after(self, key: K, seconds: float) -> None:
        """Add `key` once `seconds` have passed; of several such wishes for one key the earliest counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._later, (due, next(self._order), key))
        self._wake()

    def add_rate_limited(self, key: K) -> None:
        """Add `key` after a wait that grows with every call since the last `forget`."""
        self._failures[key] = self._failures.get(key, 0) + 1
        self.add_after(key, self._backoff.delay(self._failures[key]))

    def forget(self, key: K) -> None:
        """`key` went well: its next failure is its first."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """How often `add_rate_limited` was called for `key` since the last `forget`."""
        return self._failures.get(key, 0)

    def get_nowait(self) -> K | None:
        """The next key, or nothing if none is ready. `done` must follow."""
        self._promote()
        if not self._ready:
            return None
        key, _ = self._ready.popitem(last=False)
        self._working.add(key)
        return key

    async def get(self) -> K:
        """The next key, as soon as there is one. `done` must follow. Cancelled, it has taken nothing."""
        while (key := self.get_nowait()) is None:
            await self._wait()
        return key

    def done(self, key: K) -> None:
        """The work on `key` is over; if it was added meanwhile, it is ready again."""
        self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def __len__(self) -> int:
        """How many keys are ready."""
        self._promote()
        return len(self._ready)

    def _promote(self) -> None:
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            due, _, key = heapq.heappop(self._later)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)

    async def _wait(self) -> None:
        changed = self._changed
        if not self._later:
            await changed.wait()
            return
        with suppress(TimeoutError):
            async with self._clock.timeout(self._later[0][0] - self._clock.monotonic()):
                await changed.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
