"""Which of a controller's own writes the cache has yet to show.

A controller that acts on a cache which lags behind its own writes would do them again. So it writes down what it is
about to create and delete, ticks off what it sees arrive, and does not act while something is open
(`UIDTrackingControllerExpectations` in Kubernetes). An entry that stays open for five minutes is taken for lost, since
a create and its deletion may have passed unseen between two lists.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from podvisor.base.clock import Clock

LIMIT = 300.0
"""Seconds after which an open expectation no longer holds anything up."""


@dataclass(slots=True)
class _Open:
    creations: int = 0
    deletions: set[str] = field(default_factory=set[str])
    since: float = 0.0


class Expectations:
    """By the key of whoever creates and deletes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[Hashable, _Open] = {}

    def satisfied(self, key: Hashable) -> bool:
        """Whether the cache can be acted on."""
        expected = self._open.get(key)
        if expected is None or (expected.creations <= 0 and not expected.deletions):
            return True
        return self._clock.monotonic() - expected.since > LIMIT

    def expect(self, key: Hashable, *, creations: int = 0, deletions: Iterable[str] = ()) -> None:
        """So many objects are about to be created, and those with these uids deleted."""
        self._open[key] = _Open(creations, set(deletions), self._clock.monotonic())

    def created(self, key: Hashable, count: int = 1) -> None:
        """So many creations were seen, or failed."""
        if key in self._open:
            self._open[key].creations -= count

    def deleted(self, key: Hashable, uid: str) -> None:
        """A deletion was seen, or failed."""
        if key in self._open:
            self._open[key].deletions.discard(uid)

    def forget(self, key: Hashable) -> None:
        """Its owner is gone."""
        self._open.pop(key, None)
