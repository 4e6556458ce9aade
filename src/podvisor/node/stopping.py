"""How long the containers of a pod may still take to end, and waiting no longer than that.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

import asyncio
from contextlib import suppress

from podvisor.base.clock import Clock

MINIMUM = 2.0
"""Seconds that a container has after SIGTERM however short the grace period (the kubelet's
`minimumGracePeriodInSeconds`)."""


class Patience:
    """A deadline that can be brought forward while others wait for it."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._deadline = clock.monotonic() + seconds
        self._shortened = asyncio.Event()

    @property
    def left(self) -> float:
        """Seconds until the deadline; zero after it."""
        return max(self._deadline - self._clock.monotonic(), 0.0)

    def shorten(self, seconds: float) -> None:
        """From now on at most this many seconds."""
        self._deadline = min(self._deadline, self._clock.monotonic() + seconds)
        self._shortened.set()
        self._shortened = asyncio.Event()

    async def over(self, *, at_least: float = 0.0) -> None:
        """Return at the deadline, wherever that is by then, but not before `at_least` seconds have passed."""
        await self._clock.sleep(at_least)
        while self.left > 0:
            shortened = self._shortened
            with suppress(TimeoutError):
                async with self._clock.timeout(self.left):
                    await shortened.wait()
