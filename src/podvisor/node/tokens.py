"""A pod's ServiceAccount tokens: each is asked for once, and again before it runs out.

https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken; when, is the kubelet's rule.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from podvisor.base.clock import Clock
from podvisor.node import objects

OLDEST = timedelta(hours=24)
"""A token is renewed after this time at the latest,"""
SHARE = 0.8
"""or after this share of its life."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token, as the API server issued it."""

    text: str
    issued: datetime
    expires: datetime

    @property
    def renewal(self) -> datetime:
        """When to ask for the next one."""
        return self.issued + min((self.expires - self.issued) * SHARE, OLDEST)


Ask = Callable[[objects.Token], Awaitable[Token]]


class Tokens:
    """The tokens of one pod."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[tuple[str, int], Token] = {}

    async def get(self, wanted: objects.Token, ask: Ask) -> bytes:
        """A token that is good for a while. Raises what `ask` raises where there is none yet or the old one ran out."""
        key = (wanted.audience, wanted.expiration_seconds)
        known = self._known.get(key)
        if known is None or self._clock.now() >= known.renewal:
            known = self._known[key] = await ask(wanted)
        return known.text.encode()

    @property
    def renewal(self) -> datetime | None:
        """When the first of them is to be renewed; None while there are none."""
        return min((one.renewal for one in self._known.values()), default=None)
