"""Event of `events.k8s.io/v1`: the same objects as in core/v1, where some fields have other names."""

from collections.abc import Iterator

from podvisor.apiserver.kinds.core import event
from podvisor.apiserver.resource import Hooks, Json, Resource
from podvisor.types import field, rules

_OLD_TO_NEW = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_NEW_TO_OLD = {new: old for old, new in _OLD_TO_NEW.items()}


def _to_storage(item: Json) -> Json:
    return {_NEW_TO_OLD.get(key, key): value for key, value in item.items()} | {"apiVersion": "v1"}


def _from_storage(item: Json) -> Json:
    """Clients take it for granted that an Event of this version has an eventTime."""
    happened = item.get("eventTime") or item.get("firstTimestamp")
    shown = {_OLD_TO_NEW.get(key, key): value for key, value in item.items()} | {"apiVersion": "events.k8s.io/v1"}
    return shown | ({"eventTime": happened} if happened else {})


def _known_type(at: rules.At) -> Iterator[field.Error]:
    if at.value not in ("Normal", "Warning"):
        yield field.invalid(at.path, "", f"has invalid value: {at.value or ''}")


def _unset(name: str, shown: str) -> rules.Rule:
    """The fields of events as they were before this version."""

    def objections(at: rules.At) -> Iterator[field.Error]:
        if at.value:
            yield field.invalid(at.path, "", "needs to be unset")

    return rules.field(name, rules.Check(f"unset({name})", objections), shown=shown)


def _repeated(at: rules.At) -> Iterator[field.Error]:
    if (at.value or 0) < 2:
        yield field.invalid(at.path, "", "should be at least 2")


_SERIES = rules.optional(
    "series",
    rules.field("count", rules.asks_nothing(_repeated)),
    rules.field("lastObservedTime", rules.required()),
)
_FIXED = (
    "regarding",
    "reason",
    "note",
    *("deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"),
    *("type", "eventTime", "action", "related", "reportingInstance"),
)
RULES = (
    *event.legacy(component="reportingController"),
    rules.when_creating(
        _SERIES,
        rules.field("eventTime", rules.required()),
        rules.field("type", rules.asks_nothing(_known_type)),
        _unset("deprecatedFirstTimestamp", "firstTimestamp"),
        _unset("deprecatedLastTimestamp", "lastTimestamp"),
        _unset("deprecatedCount", "count"),
        _unset("deprecatedSource", "source"),
    ),
    rules.when_updating(
        rules.when(lambda at: at.get("series") != at.old.get("series"), _SERIES),
        *(rules.field(name, rules.immutable(), shown=_NEW_TO_OLD.get(name, name)) for name in _FIXED),
        rules.field("reportingController", rules.immutable()),
    ),
)
RECORD = Resource(
    "events.k8s.io",
    "v1",
    "events",
    "Event",
    short_names=("ev",),
    columns=event.COLUMNS,
    row=lambda item, now: event.row(_to_storage(item), now),
    hooks=Hooks(to_storage=_to_storage, from_storage=_from_storage),
    fields=event.fields("regarding"),
    prefix="events",
    lifetime=event.LIFETIME,
    rules=RULES,
)
