"""Follow a selection of objects for ever: list, watch, resume, and list again where history was lost."""

import logging
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.sdk import errors
from podvisor.sdk.client import EVERYTHING, Bookmark, Changed, Client, Selection
from podvisor.sdk.codec import ObjectList
from podvisor.sdk.objects.meta import metadata_of
from podvisor.sdk.resource import Resource

log = logging.getLogger(__name__)

PAGE = 500
"""Objects per page of a list."""


BRIEF = 1.0
"""Seconds; an attempt that lasts longer was not in vain even if nothing happened."""
BACKOFF = Backoff(first=0.2, factor=2.0, limit=30.0, jitter=0.2)


class Sink(Protocol):
    """Where the copy is kept."""

    def replace(self, listed: ObjectList[Any]) -> None:
        """The whole state, as of one resource version."""
        ...

    def apply(self, change: Changed) -> None:
        """One change after it."""
        ...


@dataclass(frozen=True, slots=True)
class Following:
    """What to follow, and with what patience."""

    resource: Resource[Any]
    selection: Selection = EVERYTHING
    watch_seconds: int = 300
    """How long one watch request lasts at least before the server ends it (at most twice that), so that a connection
    that died unnoticed is found out."""
    backoff: Backoff = BACKOFF
    """Waits between attempts that bring nothing."""


async def reflect(client: Client, following: Following, sink: Sink, clock: Clock) -> None:
    """Keep `sink` up to date until cancelled.

    A watch that ends is resumed after the last version seen, be that an object's or a bookmark's. A version that the
    server no longer has (410) leads to a new list. Whatever the reason, one attempt that brings nothing is followed by
    another at once, and further ones after growing waits.
    """
    fruitless = 0
    version = ""
    while True:
        began, seen = clock.monotonic(), 0
        try:
            version = version or await _list(client, following, sink)
            async for one in _watch(client, following, version):
                seen += 1
                version = _follow(one, sink)
        except errors.Gone:
            version = ""
        except (errors.ApiError, errors.Unreachable) as error:
            log.log(logging.WARNING if fruitless > 3 else logging.INFO, "following %s: %s", following.resource, error)
        fruitless = 0 if seen or clock.monotonic() - began >= BRIEF else fruitless + 1
        await clock.sleep(following.backoff.delay(fruitless - 1))


async def _list(client: Client, following: Following, sink: Sink) -> str:
    page = await client.list(following.resource, following.selection, limit=PAGE)
    items = page.items
    while page.metadata.continue_:
        page = await client.list(following.resource, following.selection, limit=PAGE, continue_=page.metadata.continue_)
        items += page.items
    sink.replace(ObjectList[Any](metadata=page.metadata, items=items))
    return page.metadata.resource_version


def _watch(client: Client, following: Following, version: str) -> AsyncIterator[Changed | Bookmark]:
    seconds = int(following.watch_seconds * (1 + random.random()))
    return client.watch(following.resource, version, following.selection, seconds=seconds)


def _follow(seen: Changed | Bookmark, sink: Sink) -> str:
    if isinstance(seen, Bookmark):
        return seen.resource_version
    sink.apply(seen)
    return metadata_of(seen.object).resource_version
