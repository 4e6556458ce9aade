"""Pods that wait for a node.

What holds, as kube-scheduler's `SchedulingQueue` documents it:

- Ready pods come by priority, then in the order in which they became ready.
- A pod that found no node is set aside until something happens that could help it, or a few minutes have passed.
- However often things change, it is not tried again before its backoff is over, which grows with every attempt.
"""

import asyncio
import heapq
import itertools
from contextlib import suppress
from dataclasses import dataclass

from podvisor.base.clock import Clock
from podvisor.scheduler.filters import Change
from podvisor.scheduler.settings import Settings
from podvisor.scheduler.state import PodInfo
from podvisor.sdk.objects.core import Pod

NOTHING = Change(0)


@dataclass(slots=True)
class Waiting:
    """A pod on its way to a node."""

    info: PodInfo
    attempts: int = 0
    not_before: float = 0.0
    """Until when it backs off."""
    helped_by: Change = NOTHING
    """What it waits for, once it has found no node."""
    parked_until: float = 0.0
    """When it is tried again in any case."""
    parked: bool = False
    gone: bool = False
    ready: bool = False


class Queue:
    """All waiting pods. Nothing in it awaits but `get`, so every other method is atomic."""

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._pods: dict[str, Waiting] = {}
        self._ready: list[tuple[int, int, Waiting]] = []
        self._later: list[tuple[float, int, Waiting]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()

    def add(self, info: PodInfo) -> None:
        """Have a pod placed; a change of one that waits already makes it worth another look."""
        if (waiting := self._pods.get(info.uid)) is None:
            waiting = self._pods[info.uid] = Waiting(info)
        waiting.info = info
        self._wake(waiting)

    def refresh(self, pod: Pod) -> None:
        """Know a waiting pod as it is now; nothing about it has changed that would make it worth another look."""
        if (waiting := self._pods.get(pod.metadata.uid)) is not None:
            waiting.info = PodInfo(pod)

    def remove(self, uid: str) -> None:
        """Forget a pod: it is gone, or has its node."""
        if (waiting := self._pods.pop(uid, None)) is not None:
            waiting.gone = True

    def happened(self, change: Change) -> None:
        """Wake the pods that this could help."""
        for waiting in list(self._pods.values()):
            if waiting.parked and waiting.helped_by & change:
                self._wake(waiting)

    def park(self, waiting: Waiting, helped_by: Change) -> None:
        """No node fits: wait for a change."""
        self._count_attempt(waiting)
        waiting.helped_by = helped_by
        waiting.parked = True
        waiting.parked_until = self._clock.monotonic() + self._settings.retry_seconds
        self._put_later(waiting, waiting.parked_until)

    def retry(self, waiting: Waiting) -> None:
        """Something went wrong that has nothing to do with the nodes: try again after the backoff."""
        self._count_attempt(waiting)
        self._wake(waiting)

    def get_nowait(self) -> Waiting | None:
        """The next pod, or nothing. `park`, `retry` or `remove` must follow."""
        self._promote()
        while self._ready:
            waiting = heapq.heappop(self._ready)[2]
            if not waiting.gone:
                waiting.ready = False
                return waiting
        return None

    async def get(self) -> Waiting:
        """The next pod, as soon as there is one."""
        while (waiting := self.get_nowait()) is None:
            await self._wait()
        return waiting

    def __len__(self) -> int:
        """How many pods wait, in whatever way."""
        return len(self._pods)

    def _count_attempt(self, waiting: Waiting) -> None:
        waiting.attempts += 1
        waiting.not_before = self._clock.monotonic() + self._settings.backoff.delay(waiting.attempts)

    def _wake(self, waiting: Waiting) -> None:
        waiting.parked = False
        if waiting.ready or waiting.gone:
            return
        if waiting.not_before > self._clock.monotonic():
            self._put_later(waiting, waiting.not_before)
            return
        waiting.ready = True
        heapq.heappush(self._ready, (-waiting.info.pod.spec.priority, next(self._order), waiting))
        self._notify()

    def _put_later(self, waiting: Waiting, due: float) -> None:
        heapq.heappush(self._later, (due, next(self._order), waiting))
        self._notify()

    def _promote(self) -> None:
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            due, _, waiting = heapq.heappop(self._later)
            still_parked = waiting.parked and waiting.parked_until > due
            if not still_parked:
                self._wake(waiting)

    async def _wait(self) -> None:
        changed = self._changed
        if not self._later:
            await changed.wait()
            return
        with suppress(TimeoutError):
            async with self._clock.timeout(self._later[0][0] - self._clock.monotonic()):
                await changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
