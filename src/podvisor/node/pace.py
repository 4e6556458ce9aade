"""How fast what guests write may keep the node busy.

One event loop reads the output of all containers and does everything else besides. Whoever has dealt with a piece of
a guest's output rests before the next, for longer the more work the piece was and the more others rest too. So all
of them together get a bounded share of the loop, and who writes little hardly waits however much others write.
"""

from podvisor.base.clock import Clock

RATE = 32 << 20
"""Bytes a second that all containers together may have kept."""
SHORTEST, LONGEST = 0.001, 1.0
"""Seconds between two pieces of one container."""


class Pace:
    """Shared by all that read from guests on one node."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._resting = 0

    async def rest(self, amount: int) -> None:
        """Let others have their turns after work that `amount` bytes were."""
        self._resting += 1
        try:
            await self._clock.sleep(min(max(amount / RATE, SHORTEST) * self._resting, LONGEST))
        finally:
            self._resting -= 1
