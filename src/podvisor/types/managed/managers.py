"""Who owns which fields: the entries of `metadata.managedFields`, read and written.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/#System
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import orjson

from podvisor.types.managed import sets
from podvisor.types.managed.sets import Fields

Json = dict[str, Any]
Operation = Literal["Apply", "Update"]

_FIELDS = "FieldsV1"
_MOST_UPDATERS = 10
_ANCIENT = "ancient-changes"


class Manager(NamedTuple):
    """What tells entries apart."""

    name: str
    operation: Operation
    version: str
    """The apiVersion in which it updates; empty for one that applies: that has one entry, whatever the version."""
    subresource: str = ""

    @property
    def identity(self) -> str:
        """What conflicts are sorted by: upstream's key of an entry."""
        known = {"manager": self.name, "operation": self.operation, "apiVersion": self.version}
        shown = {name: value for name, value in known.items() if value}
        return orjson.dumps(shown | ({"subresource": self.subresource} if self.subresource else {})).decode()


@dataclass(frozen=True, slots=True)
class Owned:
    """What a manager owns."""

    fields: Fields
    version: str
    """The apiVersion that `fields` speaks of."""
    time: str | None = None
    """Of its last change, in RFC 3339."""
    entry: Json | None = field(default=None, compare=False)
    """The entry that it was read from, for as long as it says the same."""


Managed: TypeAlias = Mapping[Manager, Owned]


class Unreadable(ValueError):
    """Entries that make no sense."""


def applier(name: str, subresource: str = "") -> Manager:
    """Who applies configurations."""
    return Manager(name, "Apply", "", subresource)


def updater(name: str, version: str, subresource: str = "") -> Manager:
    """Who creates, updates and patches."""
    return Manager(name or "unknown", "Update", version, subresource)


def decode(entries: Any) -> dict[Manager, Owned]:
    """The managers in `metadata.managedFields` as a client has sent them. Raises Unreadable."""
    found: dict[Manager, Owned] = {}
    for index, entry in enumerate(entries or ()):
        operation, version, kind = entry.get("operation"), entry.get("apiVersion"), entry.get("fieldsType")
        if operation not in ("Apply", "Update"):
            raise Unreadable("operation must be `Apply` or `Update`")
        if not version:
            raise Unreadable("apiVersion must not be empty")
        if not kind:
            raise Unreadable(f"missing fieldsType in managed fields entry {index}")
        if kind != _FIELDS:
            raise Unreadable(f'invalid fieldsType "{kind}" in managed fields entry {index}')
        try:
            fields = sets.read(entry.get("fieldsV1") or {})
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"error decoding set: {error}") from None
        found[_manager(entry)] = Owned(fields, version, entry.get("time"))
    return found


def stored(entries: Any) -> dict[Manager, Owned]:
    """The managers in `metadata.managedFields` that `encode` has written: nothing is checked, and little is copied."""
    return {
        _manager(entry): Owned(entry["fieldsV1"], entry["apiVersion"], entry.get("time"), entry)
        for entry in entries or ()
    }


def _manager(entry: Json) -> Manager:
    version = entry["apiVersion"] if entry["operation"] == "Update" else ""
    return Manager(entry.get("manager") or "", entry["operation"], version, entry.get("subresource") or "")


def encode(managed: Managed) -> list[Json]:
    """The entries of `metadata.managedFields`, in their order."""
    if len(managed) == 1:
        return [_encode(*one) for one in managed.items()]
    return [_encode(manager, owned) for manager, owned in sorted(managed.items(), key=_order)]


def _encode(manager: Manager, owned: Owned) -> Json:
    if owned.entry is not None:
        return owned.entry
    entry: Json = {"manager": manager.name} if manager.name else {}
    entry |= {"operation": manager.operation, "apiVersion": owned.version}
    if owned.time is not None:
        entry["time"] = owned.time
    entry |= {"fieldsType": _FIELDS, "fieldsV1": sets.ordered(owned.fields)}
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def _order(item: tuple[Manager, Owned]) -> tuple[Any, ...]:
    manager, owned = item
    return manager.operation, _seconds(owned.time), manager.name, owned.version, manager.subresource


@lru_cache(maxsize=1024)
def _seconds(time: str | None) -> int:
    return int(datetime.fromisoformat(time.upper()).timestamp()) if time else 0


def is_reset(entries: Any) -> bool:
    """True if whoever writes these wants to have no entries: an empty list, or one with nothing in it."""
    if not isinstance(entries, list):
        return False
    given = cast("list[Any]", entries)
    return not given or (len(given) == 1 and not given[0])


def capped(managed: Managed) -> Managed:
    """The same with no more than ten that update: the oldest ones of a version become one entry."""
    updaters = [manager for manager in managed if manager.operation == "Update"]
    excess = len(updaters) - _MOST_UPDATERS
    if excess <= 0:
        return managed
    result = dict(managed)
    oldest: dict[str, Manager] = {}
    """By version what the next one is merged with."""
    for manager in sorted(updaters, key=lambda manager: (_seconds(managed[manager].time), manager.identity)):
        if excess <= 0:
            break
        owned = managed[manager]
        if (other := oldest.get(owned.version)) is not None:
            bucket = Manager(_ANCIENT, "Update", owned.version)
            merged = [result.pop(one) for one in {other, manager, bucket} if one in result]
            fields: Fields = {}
            for one in merged:
                fields = sets.union(fields, one.fields)
            result[bucket] = Owned(fields, owned.version, owned.time)
            excess -= len(merged) - 1
        oldest[owned.version] = Manager(_ANCIENT, "Update", owned.version) if other else manager
    return result
