"""Time as a value that is handed in, so that tests can own it (`podvisor.testing.clock.VirtualClock`)."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What every room takes in place of `time`, `datetime.now` and `asyncio.sleep`."""

    def now(self) -> datetime:
        """The wall time, in UTC. May jump when somebody sets the machine's clock."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an arbitrary start: for durations and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero or less only lets other tasks run."""
        ...

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """Cancel the body after `seconds` and raise TimeoutError from the block, as `asyncio.timeout` does."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[object]:
        return asyncio.timeout(seconds)
