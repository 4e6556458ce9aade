"""Event of `events.k8s.io/v1`: the same objects as in core/v1, where some fields have other names."""

from collections.abc import Iterator

from podvisor.apiserver.kinds.core import event
from podvisor.apiserver.resource import Hooks, Json, Resource
from podvisor.types import field

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


def _validate_new(item: Json) -> Iterator[field.Error]:
    if "eventTime" not in item:
        yield field.required("eventTime")
        return
    for name in ("reportingController", "reportingInstance", "action", "reason"):
        if not item.get(name):
            yield field.required(name)
    if len(item.get("note", "")) > 1024:
        yield field.too_long("message", 1024)


RECORD = Resource(
    "events.k8s.io",
    "v1",
    "events",
    "Event",
    short_names=("ev",),
    columns=event.COLUMNS,
    row=lambda item, now: event.row(_to_storage(item), now),
    hooks=Hooks(validate=_validate_new, to_storage=_to_storage, from_storage=_from_storage),
    fields=event.fields("regarding"),
    prefix="events",
    lifetime=event.LIFETIME,
)
