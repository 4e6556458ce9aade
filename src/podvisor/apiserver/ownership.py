"""`metadata.managedFields`: every write says who owns what of the object.

Decides who a request counts for, what a path resets and what is made of the entries that a client sends; the rest is
`types.managed`. https://kubernetes.io/docs/reference/using-api/server-side-apply/#managing-fields
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from podvisor.apiserver import objects
from podvisor.apiserver.call import Call
from podvisor.apiserver.catalogue import Served
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import field, status
from podvisor.types.field import Path
from podvisor.types.managed import managers, typed, updates
from podvisor.types.managed.managers import Managed, Unreadable
from podvisor.types.managed.scope import Scope
from podvisor.types.managed.sets import Fields

_MOST = 128
"""Bytes of a manager's name."""
_PATH = Path("metadata.managedFields")


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, below which path, and when."""

    scope: Scope
    name: str
    now: str
    """In RFC 3339."""
    has_other_schemas: bool
    """True if the entries of an object may have been written under another schema."""


def writer(call: Call, resource: Resource, served: Served, now: str) -> Writer:
    """Who a request counts for."""
    subresource = call.target.subresource
    name = call.query.get("fieldManager") or _prefix(call.request.headers.get("User-Agent", ""))
    known = scope(resource, served, subresource, call.conversions)
    return Writer(known, name, now, bool(resource.etag))


def scope(
    resource: Resource, served: Served, subresource: str = "", known: Mapping[bytes, Json] | None = None
) -> Scope:
    """What has to be known of a kind in order to say who owns its fields; `known` is what webhooks have converted."""
    reset, versions = _resets(resource, subresource), _Versions(served, resource, known or {})
    return Scope(resource.api_version, typed.of(resource.shape), versions, subresource, reset)


def check_name(call: Call, options: str) -> None:
    """Raises Invalid for a `fieldManager` that is none; `options` is the kind of the request's options."""
    name = call.query.get("fieldManager", "")
    if name and (errors := [*_objections(name, Path("fieldManager"))]):
        raise status.Invalid(status.Subject("meta.k8s.io", options), errors)


def track(who: Writer, old: Json | None, new: Json) -> None:
    """Write into `new` who owns what of it, now that it takes the place of `old`. Raises Invalid.

    An object whose entries somebody has taken away is left without, until somebody applies to it.
    """
    metadata: Json = new["metadata"]
    given = metadata.pop("managedFields", None)
    before = old["metadata"].get("managedFields") if old else None
    managed = _known(who, given, before)
    if old is not None and not managed:
        return
    try:
        managed = updates.update(who.scope, (old or {}, new), managed, who.name, who.now)
    except typed.Unkeyed:
        return  # As upstream: an object that cannot be understood has no entries.
    if managed:
        metadata["managedFields"] = managers.encode(managed)


def keep_times(new: Json, old: Json) -> None:
    """Where nothing of an object changes but the times of its entries, these stay as well."""
    now, before = (item["metadata"].get("managedFields", ()) for item in (new, old))
    if now == before or len(now) != len(before):
        return
    if all(_timeless(one) == _timeless(other) for one, other in zip(now, before, strict=True)):
        kept = new["metadata"] | {"managedFields": before}
        if objects.content(new | {"metadata": kept}) == objects.content(old):
            new["metadata"] = kept


def restore(new: Json, before: Any) -> str:
    """Put the entries `before` back where webhooks have left some that make no sense; what to warn of, or nothing."""
    entries = new["metadata"].get("managedFields")
    if entries == before:
        return ""
    try:
        managers.decode(entries)
    except Unreadable as error:
        new["metadata"]["managedFields"] = before
        cause = "this could be caused by an outdated mutating admission controller; please fix your requests"
        return f".metadata.managedFields was in an invalid state after admission; {cause}: {error}"
    return ""


def _timeless(entry: Json) -> Json:
    return {name: value for name, value in entry.items() if name != "time"}


def _known(who: Writer, given: Any, before: Any) -> Managed:
    """The entries that a write begins with: those that the client sends, if it may and they make sense."""
    if given is not None and given != before and not who.scope.subresource:
        if managers.is_reset(given):
            return {}
        try:
            sent = updates.reconciled(who.scope, managers.decode(given))
        except Unreadable:
            sent = {}
        if sent:
            _check_sent(sent)
            return sent
    stored = managers.stored(before)
    return updates.reconciled(who.scope, stored) if who.has_other_schemas else stored


def _check_sent(sent: Managed) -> None:
    errors = [error for index, one in enumerate(sent) for error in _objections(one.name, _PATH.at(index))]
    if errors:
        raise status.Invalid(status.Subject(), errors)


def _objections(name: str, path: Path) -> Iterator[field.Error]:
    if len(name.encode()) > _MOST:
        yield field.too_long(path, _MOST)
    for place, letter in enumerate(name):
        if not letter.isprintable():
            yield field.invalid(path, name, f"invalid character U+{ord(letter):04X} (at position {place})")


@lru_cache(maxsize=256)
def _prefix(agent: str) -> str:
    """The manager of a client that names none: the first word of its User-Agent."""
    name = "".join(letter for letter in agent.partition("/")[0] if letter.isprintable())
    return name.encode()[:_MOST].decode(errors="ignore")


def _resets(resource: Resource, subresource: str) -> Fields:
    if not resource.has_status:
        return {}
    return _of_status(resource) if subresource == "status" else _STATUS


_STATUS: Fields = {"f:status": {}}


def _of_status(resource: Resource) -> Fields:
    """The fields that a change through `/status` leaves as they are."""
    found: Fields = {"f:spec": {}}
    for path in resource.status_resets:
        place = found
        for name in path:
            place = place.setdefault(f"f:{name}", {})
    return found


class Unconverted(Exception):
    """An object is needed in a version that only a webhook makes; who catches this asks it, and begins anew."""

    def __init__(self, key: bytes, item: Json, source: Resource, version: str) -> None:
        super().__init__(version)
        self.key = key
        self.item = item
        self.source = source
        self.version = version


@dataclass(frozen=True, slots=True)
class _Versions:
    """The versions in which a resource is served."""

    served: Served
    resource: Resource
    known: Mapping[bytes, Json]
    """What webhooks have made for this request."""

    def type(self, version: str) -> typed.Type | None:
        """See Versions."""
        found = self._in(version)
        return typed.of(found.shape) if found is not None else None

    def converted(self, item: Json, version: str) -> Json:
        """See Versions."""
        source, target = self._in(item["apiVersion"]), self._in(version)
        assert source is not None
        assert target is not None
        if source is target or not target.stored_as:
            return objects.converted(item, source, target)
        key = orjson.dumps([item, version])
        if (known := self.known.get(key)) is None:
            raise Unconverted(key, item, source, version)
        return copy.deepcopy(known)

    def _in(self, version: str) -> Resource | None:
        if version == self.resource.api_version:
            return self.resource
        found = self.served.by_kind.get((version, self.resource.kind))
        return found if found is not None and found.key == self.resource.key else None
