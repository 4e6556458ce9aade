"""Follows the stored definitions: the catalogue serves what they say, and their status says what has become of them.

What a definition makes is in the catalogue before its status says so: whoever has read that it is established finds it.
Several servers may do this on one store; whoever comes second finds the status as it would write it.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence

import msgspec
import orjson

from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.extensions import cleanup, conditions, custom, definition, naming
from podvisor.apiserver.extensions.definition import Definition
from podvisor.apiserver.kinds.apiextensions.customresourcedefinition import CLEANUP, RECORD
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.watching import WatchCaches
from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.base.tasks import Scope
from podvisor.store.backend import Event, EventKind, KeyValue, prefix_end
from podvisor.store.errors import Compacted

log = logging.getLogger(__name__)
RESTART = Backoff(first=0.2, limit=30.0)


class Definitions:
    """Keeps a catalogue as the stored definitions want it."""

    def __init__(self, catalogue: Catalogue, storage: Storage, watches: WatchCaches, clock: Clock) -> None:
        self._catalogue = catalogue
        self._storage = storage
        self._watches = watches
        self._clock = clock
        self._known: dict[str, tuple[Definition, KeyValue]] = {}
        self._cleaning: dict[str, asyncio.Task[None]] = {}

    async def load(self) -> int:
        """Serve what is stored now; the revision at which that is so."""
        found = await self._storage.backend.range(RECORD.key, prefix_end(RECORD.key))
        self._known = {one.name: (one, kv) for kv in found.kvs if (one := _read(kv)) is not None}
        gone = self._catalogue.put({name: custom.resources(one) for name, (one, _) in self._known.items()})
        self._watches.end(gone)
        return found.revision

    async def follow(self, revision: int) -> None:
        """Keep up with what changes after `revision`, until cancelled. What fails begins anew after a while."""

        async def again() -> None:
            nonlocal revision
            try:
                await self._follow(revision)
            finally:
                revision = 0

        await tasks.supervise("definitions", again, clock=self._clock, backoff=RESTART)

    async def _follow(self, revision: int) -> None:
        revision = revision or await self.load()
        async with tasks.background() as scope:
            self._cleaning.clear()
            for name in tuple(self._known):
                await self._settle(name, scope)
            watch = self._storage.backend.watch(RECORD.key, prefix_end(RECORD.key), revision=revision + 1)
            try:
                async for batch in watch:
                    await self._take(batch.events, scope)
            except Compacted:
                return
            finally:
                watch.close()

    async def _take(self, events: Sequence[Event], scope: Scope) -> None:
        changed = {_name(event.kv): event for event in events}
        groups: set[str] = set()
        serving: dict[str, Sequence[Resource]] = {}
        for name, event in changed.items():
            before = self._known.pop(name, None)
            now = _read(event.kv) if event.kind is EventKind.PUT else None
            if now is None:
                serving[name] = ()
                groups |= {before[0].spec.group} if before else set()
                continue
            self._known[name] = now, event.kv
            if before is None or _makes_others(before[0], now):
                serving[name] = custom.resources(now)
            if before is not None and before[0].status.accepted_names != now.status.accepted_names:
                groups.add(now.spec.group)
        if serving:
            self._watches.end(self._catalogue.put(serving))
        others = [name for name, (one, _) in self._known.items() if one.spec.group in groups and name not in changed]
        for name in [*(name for name in changed if name in self._known), *others]:
            await self._settle(name, scope)

    async def _settle(self, name: str, scope: Scope) -> None:
        """Do what is due for one definition: write its status, or remove its objects if it is to go."""
        found, kv = self._known[name]
        if found.deleting and CLEANUP in found.metadata.finalizers:
            if name not in self._cleaning or self._cleaning[name].done():
                work = cleanup.run(self._storage, kv.key, self._clock)
                self._cleaning[name] = scope.start(work, name=f"cleanup of {name}")
            return
        if found.status.accepted_names == found.spec.names and found.holds("Established"):
            return
        verdict = naming.decide(found, self._others(name))
        if found.status.accepted_names == verdict.names and _says(found, verdict):
            return
        item: Json = orjson.loads(kv.value)
        conditions.put_names(item, verdict.names)
        now = self._clock.now()
        conditions.put(item, verdict.accepted, now)
        conditions.put(item, verdict.established, now)
        value = orjson.dumps(item)
        if verdict.established.status == "True":
            self._watches.end(self._catalogue.put({name: custom.resources(definition.read(value))}))
        if (written := await self._storage.replace(RECORD, kv, value)) is not None:
            self._known[name] = definition.read(value), written

    def _others(self, name: str) -> Iterable[Definition]:
        return (one for other, (one, _) in self._known.items() if other != name)


def _read(kv: KeyValue) -> Definition | None:
    """A stored definition; one that cannot be read is passed over, so that it keeps nobody else from being served."""
    try:
        return definition.read(kv.value)
    except msgspec.DecodeError:
        log.exception("%s cannot be read", kv.key)
        return None


def _name(kv: KeyValue) -> str:
    return kv.key[len(RECORD.key) :].decode()


def _makes_others(before: Definition, now: Definition) -> bool:
    """True if the resources of a definition are others than before."""
    return (
        before.metadata.uid != now.metadata.uid
        or before.spec != now.spec
        or before.status.accepted_names != now.status.accepted_names
        or before.holds("Established") != now.holds("Established")
        or before.holds("Terminating") != now.holds("Terminating")
    )


def _says(found: Definition, verdict: naming.Verdict) -> bool:
    """True if the conditions are already those of the verdict, times aside."""
    for wanted in (verdict.accepted, verdict.established):
        there = found.condition(wanted.type)
        if there is None or msgspec.structs.replace(there, last_transition_time="") != msgspec.structs.replace(
            wanted, last_transition_time=""
        ):
            return False
    return True
