"""Objects that end by themselves, as Events do after an hour (`--event-ttl`).

A lease of the store ends them. One lease serves what is written within a minute, up to a thousand objects, as in the
real server's lease manager, so that a storm of events is not a storm of leases.
"""

import asyncio

from podvisor.base.clock import Clock
from podvisor.store.backend import Backend

_REUSE = 60
_OBJECTS = 1000


class _Current:
    """The lease that new objects of one lifetime are attached to."""

    def __init__(self, lease: int, until: float) -> None:
        self.lease = lease
        self.until = until
        self.objects = 0


class Expiry:
    """Hands out leases."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self._backend = backend
        self._clock = clock
        self._current: dict[int, _Current] = {}
        self._turn = asyncio.Lock()

    async def lease(self, seconds: int) -> int:
        """A lease that lasts at least `seconds`; 0, which is none, for 0."""
        if not seconds:
            return 0
        async with self._turn:
            current = self._current.get(seconds)
            if current is None or self._clock.monotonic() >= current.until or current.objects == _OBJECTS:
                granted = await self._backend.grant(seconds + _REUSE)
                current = self._current[seconds] = _Current(granted.id, self._clock.monotonic() + _REUSE)
            current.objects += 1
            return current.lease
