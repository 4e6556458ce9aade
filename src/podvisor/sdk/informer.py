"""A live local copy of one resource, with handlers that hear of every change.

What holds, as client-go's `tools/cache` documents it for its shared informers:

- The cache is a past state of the server's: it may lag, it never shows what the server did not have.
- For one object, handlers see states in the order in which they happened, but not necessarily every one: after a lost
  connection several changes may arrive as one. An object that went and came back under its name is always told as a
  deletion and an addition.
- A handler is called after the cache has the new state. Handlers are called one after the other; they must not block.
- A handler that is added late first hears of everything that is already there.
- When an object is found missing after a gap, handlers get the last state that was known.
- A handler that raises is a bug of the handler: it is logged, and the others still hear of the change.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar, cast

from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.base.tasks import Scope, supervise
from podvisor.sdk.cache import Cache
from podvisor.sdk.client import EVERYTHING, Changed, Client, Selection, WatchType
from podvisor.sdk.codec import ObjectList
from podvisor.sdk.objects.meta import metadata_of
from podvisor.sdk.reflect import Following, reflect
from podvisor.sdk.resource import Key, Resource

log = logging.getLogger(__name__)

T = TypeVar("T")
Handler = Callable[[T | None, T | None], None]
"""Called with (nothing, new), (old, new) or (old, nothing): added, modified, deleted."""


class Informer(Generic[T]):
    """Follows one resource. `run` does the work; everything else only looks."""

    def __init__(self, client: Client, resource: Resource[T], clock: Clock, selection: Selection = EVERYTHING) -> None:
        self.resource = resource
        self.cache: Cache[T] = Cache()
        self._client = client
        self._clock = clock
        self._following = Following(resource, selection)
        self._handlers: list[Handler[T]] = []
        self._synced = asyncio.Event()

    @property
    def synced(self) -> bool:
        """Whether the first list is in the cache and the handlers have heard of it."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Return once `synced`."""
        await self._synced.wait()

    def on_change(self, handler: Handler[T]) -> Callable[[], None]:
        """Call `handler` for every change from now on, and now for what is there. The answer removes it again."""
        self._handlers.append(handler)
        for thing in list(self.cache):
            _call(handler, None, thing)
        return lambda: self._handlers.remove(handler)

    async def run(self) -> None:
        """Keep the cache up to date until cancelled."""
        await reflect(self._client, self._following, self, self._clock)

    def replace(self, listed: ObjectList[T]) -> None:
        """Take a whole state in (for `reflect`)."""
        present = {key_of(thing): thing for thing in listed.items}
        for key in [key for key in self.cache.items() if key not in present]:
            self._tell(self.cache.drop(key), None)
        for key, thing in present.items():
            old = self.cache.get(key)
            if old is None or metadata_of(old).resource_version != metadata_of(thing).resource_version:
                self._take(key, thing)
        self._synced.set()

    def apply(self, change: Changed) -> None:
        """Take one change in (for `reflect`)."""
        thing = cast("T", change.object)
        key = key_of(thing)
        if change.type is WatchType.DELETED:
            self.cache.drop(key)
            self._tell(thing, None)
        else:
            self._take(key, thing)

    def _take(self, key: Key, thing: T) -> None:
        old = self.cache.get(key)
        if old is not None and metadata_of(old).uid != metadata_of(thing).uid:
            self._tell(self.cache.drop(key), None)
        self._tell(self.cache.put(key, thing), thing)

    def _tell(self, old: T | None, new: T | None) -> None:
        for handler in list(self._handlers):
            _call(handler, old, new)


class _Followed(NamedTuple):
    name: str
    view: object
    selection: Selection


class Informers:
    """One informer per resource, shared by everybody who asks, so that each object is fetched and kept once."""

    def __init__(self, client: Client, clock: Clock, scope: Scope) -> None:
        self._client = client
        self._clock = clock
        self._scope = scope
        self._informers: dict[_Followed, Informer[Any]] = {}
        self._tasks: dict[_Followed, asyncio.Task[None]] = {}

    def of(self, resource: Resource[T], selection: Selection = EVERYTHING) -> Informer[T]:
        """The informer of a resource, or of a selection of it, already running."""
        key = _Followed(str(resource), resource.view, selection)
        if key not in self._informers:
            informer = Informer(self._client, resource, self._clock, selection)
            self._informers[key] = informer
            name = f"informer of {resource}"
            work = supervise(name, informer.run, clock=self._clock, backoff=Backoff(limit=30.0))
            self._tasks[key] = self._scope.start(work, name=name)
        return cast("Informer[T]", self._informers[key])

    def metadata_of(self, resource: Resource[Any]) -> Informer[Any]:
        """An informer whose objects have at least metadata: whichever follows the resource already, or a new one."""
        wanted = (str(resource), EVERYTHING)
        known = (one for key, one in self._informers.items() if (key.name, key.selection) == wanted)
        return next(known, None) or self.of(resource.partial)

    def stop(self, resource: Resource[Any]) -> None:
        """End the informers of a resource that is no longer served."""
        for key in [key for key in self._informers if key.name == str(resource)]:
            self._tasks.pop(key).cancel()
            del self._informers[key]

    async def wait_synced(self) -> None:
        """Return once every informer asked for so far has its first state."""
        for informer in list(self._informers.values()):
            await informer.wait_synced()


def key_of(thing: object) -> Key:
    """An object's key within its resource."""
    meta = metadata_of(thing)
    return Key(meta.namespace, meta.name)


def _call(handler: Handler[T], old: T | None, new: T | None) -> None:
    try:
        handler(old, new)
    except Exception:
        log.exception("a handler failed on %s", key_of(new if new is not None else old))
