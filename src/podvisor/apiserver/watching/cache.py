"""The feed of one resource, and who is to hear of which change.

Watchers stand in the bucket of what narrows them most: an object's key, the value of a field (`spec.nodeName=n1`), a
namespace, or nothing. A change is put before the few buckets that it can concern, so that a thousand kubelets cost
what the one costs whose pod has changed.

Where many see the same change, handing it on takes longer than making the next. The first reaches them at once; what
follows soon after reaches them together, so that a run of changes costs each of them a few writes and leaves the loop
to others for most of the time.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from podvisor.apiserver.resource import Resource
from podvisor.apiserver.selection import Selection
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.watching.changes import Change
from podvisor.apiserver.watching.watcher import Watcher
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.base.tasks import Scope
from podvisor.store.backend import Event, EventKind, KeyValue, Watch, prefix_end
from podvisor.store.errors import StoreError
from podvisor.types import status

log = logging.getLogger(__name__)

EACH = 0.0001
"""Seconds that it takes to hand something to one watcher, by and large."""
SHARE = 3
"""One part in so many of the loop's time goes into handing on, at most."""
MANY = 20
"""Watchers; what so few take is not worth a wait."""
LONGEST = 0.1
"""Seconds by which a change comes later at most, however many there are."""


class _Bucket(NamedTuple):
    """What its watchers have in common: a range's first key or, with a field, that field's value."""

    field: str
    value: str | bytes


class WatchCache:
    """Reads one resource's changes once, and hands them to its watchers."""

    def __init__(self, storage: Storage, resource: Resource, revision: int, clock: Clock) -> None:
        self.revision = revision
        """Everything up to it has been handed on."""
        self.ended = False
        self.resource = resource
        self._storage = storage
        self._feed: Watch = storage.backend.watch(resource.key, prefix_end(resource.key), revision=revision + 1)
        self._watchers: set[Watcher] = set()
        self._buckets: dict[_Bucket, set[Watcher]] = {}
        self._fields: dict[str, int] = {}
        """Those by which somebody is found, with how many."""
        self._asked: set[Watcher] = set()
        self._clock = clock
        self._due: set[Watcher] = set()
        """Those who have something that they do not know of yet."""
        self._next = 0.0
        """When they may be told."""
        self._telling: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Hand changes on until nobody watches any more.

        An error of the store ends all watches of this resource, and this with them. So does a fault of ours, such as an
        object that cannot be read: it is logged, and the next watch begins with a new feed.
        """
        error: Exception | None = None
        try:
            async with tasks.background() as scope:
                async for batch in self._feed:
                    self._publish(batch.revision, await self.events(batch.events))
                    self._hand_on(scope)
        except (StoreError, status.ApiError) as failure:
            error = failure
        except Exception as failure:
            log.exception("the watch cache of %s failed", self.resource.plural)
            error = status.InternalError(f"{type(failure).__name__}: {failure}")
        finally:
            self.close(error)

    def serves(self, resource: Resource) -> bool:
        """True if a watch of `resource`, as it is defined now, can join here."""
        return not self.ended and self.resource is resource

    def watch(self, chosen: Selection, revision: int) -> Watcher:
        """Follow a selection from after `revision` on."""
        watcher = Watcher(self, chosen, revision)
        self._watchers.add(watcher)
        return watcher

    def close(self, error: Exception | None = None) -> None:
        """End every watch."""
        self.ended = True
        self._feed.close()
        for watcher in tuple(self._watchers):
            watcher.close(error)

    def history(self, chosen: Selection, revision: int) -> Watch:
        """For a watcher that is behind."""
        return self._storage.backend.watch(chosen.start, chosen.end, revision=revision + 1)

    async def events(self, found: Sequence[Event]) -> Sequence[Event]:
        """Events with their objects in the version that is watched. Raises ApiError where a conversion fails."""
        if not self.resource.stored_as:
            return found
        kvs = [kv for event in found for kv in _objects(event)]
        made = iter(await self._storage.converted(self.resource, kvs))
        return [_with(event, made) for event in found]

    def request_progress(self, watcher: Watcher) -> None:
        """Mark for `watcher` how far the store has got, once that has been handed on."""
        self._asked.add(watcher)
        self._feed.request_progress()

    def join(self, watcher: Watcher) -> None:
        """Hand on to `watcher` from now on."""
        bucket = _bucket_of(watcher.chosen)
        self._buckets.setdefault(bucket, set()).add(watcher)
        if bucket.field:
            self._fields[bucket.field] = self._fields.get(bucket.field, 0) + 1

    def leave(self, watcher: Watcher) -> None:
        """Hand on to it no more, for now."""
        bucket = _bucket_of(watcher.chosen)
        watchers = self._buckets.get(bucket, set[Watcher]())
        if watcher not in watchers:
            return
        watchers.discard(watcher)
        if not watchers:
            del self._buckets[bucket]
        if bucket.field:
            self._fields[bucket.field] -= 1
            if not self._fields[bucket.field]:
                del self._fields[bucket.field]

    def forget(self, watcher: Watcher) -> None:
        """It has ended; with the last one the feed ends."""
        self.leave(watcher)
        self._asked.discard(watcher)
        self._due.discard(watcher)
        self._watchers.discard(watcher)
        if not self._watchers:
            self.ended = True
            self._feed.close()

    def _publish(self, revision: int, events: Sequence[Event]) -> None:
        for event in events:
            change = Change(self.resource, event)
            for bucket in self._concerned(change):
                for watcher in tuple(self._buckets.get(bucket, ())):
                    if not bucket.field or watcher.chosen.covers(change.key):
                        watcher.push(change)
                        self._due.add(watcher)
        self.revision = revision
        asked, self._asked = self._asked, set()
        for watcher in asked:
            watcher.mark()

    def _hand_on(self, scope: Scope) -> None:
        wait = self._next - self._clock.monotonic()
        if wait <= 0:
            self._wake_due()
        elif self._due and (self._telling is None or self._telling.done()):
            self._telling = scope.start(self._wake_after(wait), name="waking of watchers")

    async def _wake_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._wake_due()

    def _wake_due(self) -> None:
        due, self._due = self._due, set()
        for watcher in due:
            watcher.wake()
        pause = min(len(due) * EACH * SHARE, LONGEST) if len(due) >= MANY else 0.0
        self._next = self._clock.monotonic() + pause

    def _concerned(self, change: Change) -> Iterator[_Bucket]:
        """Every bucket whose watchers may see the change."""
        key, prefix = change.key, self.resource.key
        yield _Bucket("", key)
        yield _Bucket("", prefix)
        if self.resource.namespaced:
            yield _Bucket("", key[: key.find(b"/", len(prefix)) + 1])
        for path in self._fields:
            yield from {_Bucket(path, state.field(path)) for state in (change.before, change.now) if state}


def _objects(event: Event) -> Iterator[KeyValue]:
    """The states of an object that an event shows."""
    if event.kind is EventKind.PUT:
        yield event.kv
    if event.prev_kv is not None:
        yield event.prev_kv


def _with(event: Event, made: Iterator[KeyValue]) -> Event:
    """The event with what `_objects` had of it in another form."""
    kv = next(made) if event.kind is EventKind.PUT else event.kv
    return Event(event.kind, kv, None if event.prev_kv is None else next(made))


def _bucket_of(chosen: Selection) -> _Bucket:
    if chosen.end is not None:
        for path in chosen.resource.fields:
            if (value := chosen.fields.exact(path)) is not None:
                return _Bucket(path, value)
    return _Bucket("", chosen.start)


class WatchCaches:
    """The caches of all resources that somebody watches."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._caches: dict[str, WatchCache] = {}
        self._scope: Scope | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Serve watches while the block runs."""
        async with tasks.background() as scope:
            self._scope = scope
            try:
                yield
            finally:
                self._scope = None
                self.close()

    async def watch(self, chosen: Selection, revision: int) -> Watcher:
        """Follow a selection from after `revision` on."""
        resource = chosen.resource
        name = f"{resource.plural}.{resource.api_version}"
        cache = self._caches.get(name)
        if cache is None or not cache.serves(resource):
            now = (await self._storage.backend.range(b"\0", count_only=True)).revision
            cache = self._caches.get(name)
            if cache is None or not cache.serves(resource):
                cache = self._start(name, resource, now)
        return cache.watch(chosen, revision)

    def end(self, resources: Iterable[Resource]) -> None:
        """End the watches of resources that are no longer served, or are served otherwise."""
        for resource in resources:
            for cache in tuple(self._caches.values()):
                if cache.resource is resource:
                    cache.close()

    def close(self) -> None:
        """End every watch that runs."""
        for cache in tuple(self._caches.values()):
            cache.close()

    def _start(self, name: str, resource: Resource, revision: int) -> WatchCache:
        if self._scope is None:
            raise RuntimeError("watches are asked for outside of `running`")
        cache = self._caches[name] = WatchCache(self._storage, resource, revision, self._clock)
        self._scope.start(cache.run(), name=f"watch cache of {name}")
        return cache
