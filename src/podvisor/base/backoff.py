"""How long to wait before trying again."""

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that grow by `factor` from `first` up to `limit`, each lengthened by up to `jitter` of itself.

    The same five numbers as `wait.Backoff` of Kubernetes' apimachinery, which is where the defaults of most
    callers come from (CrashLoopBackOff: first 10 s, factor 2, limit 300 s, no jitter).
    """

    first: float = 1.0
    """Seconds before the first retry."""
    factor: float = 2.0
    """What each delay is multiplied with to give the next."""
    limit: float = 60.0
    """The longest delay before jitter, in seconds."""
    jitter: float = 0.0
    """The largest share of a delay that is added to it, at random, so that a crowd spreads out."""

    def delay(self, failures: int) -> float:
        """Seconds to wait after `failures` failures in a row; none after none."""
        if failures <= 0:
            return 0.0
        return self._spread(min(self.first * self.factor ** min(failures - 1, 64), self.limit))

    def delays(self) -> Iterator[float]:
        """The delays after the first, the second, ... failure, without end."""
        failures = 0
        while True:
            failures += 1
            yield self.delay(failures)

    def _spread(self, delay: float) -> float:
        return delay * (1 + random.random() * self.jitter)
