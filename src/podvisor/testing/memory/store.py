"""Objects, their versions and their history."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from podvisor.sdk.resource import Key

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One write: the object before and after it, encoded."""

    version: int
    resource: str
    key: Key
    before: bytes | None
    after: bytes | None


class Compacted(Exception):
    """The history no longer reaches back that far."""


@dataclass
class Store:
    """Every object as bytes, one version counter for all, and every change since the last compaction."""

    version: int = 1
    compacted: int = 0
    objects: dict[str, dict[Key, bytes]] = field(default_factory=dict[str, dict[Key, bytes]])
    history: list[Change] = field(default_factory=list[Change])
    generation: int = 0
    """Counts `interrupt`, so that watches that were open then know that they have ended."""
    marks: int = 0
    """Counts `mark`."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def get(self, resource: str, key: Key) -> Object | None:
        """A fresh copy of an object."""
        data = self.objects.get(resource, {}).get(key)
        return None if data is None else orjson.loads(data)

    def put(self, resource: str, key: Key, thing: Object) -> Object:
        """Write an object under the next version; a write that changes nothing takes none."""
        before = self.objects.setdefault(resource, {}).get(key)
        if before is not None and orjson.loads(before) == thing:
            return thing
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        after = orjson.dumps(thing)
        self.objects[resource][key] = after
        self._append(Change(self.version, resource, key, before, after))
        return thing

    def remove(self, resource: str, key: Key) -> None:
        """Delete an object; its last state carries the version of its deletion."""
        before = orjson.loads(self.objects[resource].pop(key))
        self.version += 1
        before["metadata"]["resourceVersion"] = str(self.version)
        self._append(Change(self.version, resource, key, orjson.dumps(before), None))

    def list(self, resource: str, namespace: str) -> "list[tuple[Key, Object]]":
        """Copies of the objects, in the order of their keys."""
        found = sorted(self.objects.get(resource, {}).items())
        return [(key, orjson.loads(data)) for key, data in found if not namespace or key.namespace == namespace]

    async def changes(self, resource: str, since: int) -> AsyncIterator[Change | int]:
        """Every change after `since`, and a bare version where `mark` was called; ends at `interrupt`."""
        generation, marks = self.generation, self.marks
        while self.generation == generation:
            if since < self.compacted:
                raise Compacted
            changed, upto = self._changed, self.version
            for change in self.history[self._index(since) :]:
                if change.resource == resource:
                    yield change
            since = max(since, upto)
            if marks != self.marks:
                marks = self.marks
                yield since
            await changed.wait()

    def mark(self) -> None:
        """Have every open watch send a bookmark."""
        self.marks += 1
        self._wake()

    def compact(self) -> None:
        """Forget the history. Open watches are up to date and stay."""
        self.compacted = self.version
        self.history.clear()

    def interrupt(self) -> None:
        """End every open watch."""
        self.generation += 1
        self._wake()

    def _index(self, since: int) -> int:
        low, high = 0, len(self.history)
        while low < high:
            middle = (low + high) // 2
            if self.history[middle].version <= since:
                low = middle + 1
            else:
                high = middle
        return low

    def _append(self, change: Change) -> None:
        self.history.append(change)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
