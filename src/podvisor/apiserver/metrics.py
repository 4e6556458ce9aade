"""Counts requests, in plain dictionaries: `exposition` shows them when somebody asks."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from podvisor.apiserver.call import Target, target, verb
from podvisor.apiserver.catalogue import Catalogue
from podvisor.base.clock import Clock
from podvisor.base.http import Answer, Request, Stream, Takeover, Upgrade

T = TypeVar("T")
_BOUNDS = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60)
"""Upper ends, in seconds, of the classes in which requests are counted by how long they took."""
_SHOWN = {"create": "POST", "update": "PUT", "get": "GET", "delete": "DELETE", "patch": "PATCH"}
_CONNECT = ("attach", "exec", "portforward", "proxy")
LABELS = ("verb", "group", "version", "resource", "subresource", "scope", "component")


@dataclass(frozen=True, slots=True)
class What:
    """A kind of request. Paths that name nothing here are all the same, so that strangers make no labels."""

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    scope: str = ""

    @property
    def is_long(self) -> bool:
        """True if it lasts for as long as the client wants."""
        return self.verb in ("WATCH", "CONNECT") or self.subresource == "log"

    @property
    def changes(self) -> bool:
        """True if it may write."""
        return self.verb not in ("GET", "LIST", "WATCH", "CONNECT")

    @property
    def labels(self) -> list[str]:
        """The values of LABELS."""
        return [self.verb, self.group, self.version, self.resource, self.subresource, self.scope, "apiserver"]


@dataclass(slots=True)
class Durations:
    """How many requests took how long."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one request."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """The classes as Prometheus has them: each counts those below it as well."""
        found: list[tuple[str, float]] = []
        below = 0
        for bound, count in zip((*_BOUNDS, "+Inf"), self.counts, strict=True):
            below += count
            found.append((str(bound), below))
        return found


class Metrics:
    """Counts requests; one for each server."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.codes: dict[tuple[What, bool, int], int] = {}
        """By what it was, whether it was a dry run, and the answer."""
        self.durations: dict[What, Durations] = {}
        self.running: dict[What, int] = {}

    @contextmanager
    def counting(self, request: Request, clock: Clock) -> Generator["Counting"]:
        """Count a request that the block answers."""
        what = self._what(request.method, target(request.path), request.query)
        self.running[what] = self.running.get(what, 0) + 1
        counting = Counting(self, what, clock, dry="dryRun" in request.query)
        try:
            yield counting
        finally:
            if not counting.goes_on:
                counting.end()

    def _what(self, method: str, where: Target | None, query: Mapping[str, str]) -> What:
        word = verb(method, where, query) if where else ""
        if (
            where is None
            or (resource := self._catalogue.now.by_path.get((where.group, where.version, where.plural))) is None
        ):
            return What(method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "")
        below = where.subresource
        if below and below not in {one.name for one in resource.all_subresources()}:
            below = ""
        shown = "CONNECT" if below in _CONNECT else _SHOWN.get(word, word.upper())
        scope = "resource" if where.name else "namespace" if where.namespace else "cluster"
        return What(shown, where.group, where.version, where.plural, below, scope)


class Counting:
    """One request while it is answered, which for a stream lasts until that ends."""

    def __init__(self, metrics: Metrics, what: What, clock: Clock, *, dry: bool) -> None:
        self._metrics = metrics
        self._what = what
        self._clock = clock
        self._began = clock.monotonic()
        self._dry = dry
        self._code = 0
        self.goes_on = False
        """Whether the answer's own end is yet to come."""

    def answered(self, answer: Answer) -> Answer:
        """The answer, whose end is noticed if it comes later."""
        self._code = answer.status
        body = answer.body
        if isinstance(body, bytes):
            return answer
        self.goes_on = True
        if isinstance(body, Stream):
            return replace(answer, body=_Watched(body, self))
        if isinstance(body, Takeover):
            return replace(answer, body=Takeover(self._counted(body.run)))
        return replace(answer, body=Upgrade(self._counted(body.run)))

    def end(self) -> None:
        """The request is over, answered or not."""
        self.goes_on = False
        metrics, what = self._metrics, self._what
        metrics.running[what] -= 1
        key = what, self._dry, self._code
        metrics.codes[key] = metrics.codes.get(key, 0) + 1
        if not what.is_long:
            metrics.durations.setdefault(what, Durations()).add(self._clock.monotonic() - self._began)

    def _counted(self, speak: Callable[[T], Awaitable[None]]) -> Callable[[T], Awaitable[None]]:
        async def run(given: T) -> None:
            try:
                await speak(given)
            finally:
                self.end()

        return run


class _Watched(Stream):
    """A stream whose end is counted; what passes through it is not looked at."""

    def __init__(self, inner: Stream, counting: Counting) -> None:
        self._inner = inner
        self._counting = counting

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._inner)

    async def aclose(self) -> None:
        """See Stream."""
        try:
            await self._inner.aclose()
        finally:
            if self._counting.goes_on:
                self._counting.end()
