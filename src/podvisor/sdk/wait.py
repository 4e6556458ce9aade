"""Wait until an object is as wanted, without polling."""

from collections.abc import Callable
from typing import TypeVar

from podvisor.base.clock import Clock
from podvisor.sdk import errors
from podvisor.sdk.client import Changed, Client, Selection, WatchType
from podvisor.sdk.resource import Key, Resource

T = TypeVar("T")


async def until(
    client: Client, resource: Resource[T], key: Key, wanted: Callable[[T | None], bool], clock: Clock, seconds: float
) -> T | None:
    """Return the object as soon as `wanted` says yes to it; it is asked about None while there is no object.

    Raises TimeoutError after `seconds`.
    """
    async with clock.timeout(seconds):
        while True:
            try:
                return await _follow(client, resource, key, wanted)
            except (errors.Gone, errors.Unreachable, _Ended):
                await clock.sleep(0.1)


class _Ended(Exception):
    """The server ended the watch."""


async def _follow(client: Client, resource: Resource[T], key: Key, wanted: Callable[[T | None], bool]) -> T | None:
    selection = Selection(key.namespace, fields=f"metadata.name={key.name}")
    listed = await client.list(resource, selection)
    current = listed.items[0] if listed.items else None
    if wanted(current):
        return current
    async for change in client.watch(resource, listed.metadata.resource_version, selection):
        if isinstance(change, Changed):
            current = None if change.type is WatchType.DELETED else change.object
            if wanted(current):
                return current
    raise _Ended
