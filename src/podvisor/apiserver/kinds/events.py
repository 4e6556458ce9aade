"""Event, in its two versions: `v1`, which is stored, and `events.k8s.io/v1`, which names some fields otherwise."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import NAME, Cells, Column, Hooks, Json, Resource
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


def _default(item: Json) -> None:
    item.setdefault("type", "Normal")


def _validate(item: Json) -> Iterator[field.Error]:
    about = item.get("involvedObject", {})
    namespace = about.get("namespace") or "default"
    if item["metadata"].get("namespace") != namespace:
        path = "involvedObject.namespace"
        yield field.invalid(path, about.get("namespace", ""), "does not match event.namespace")


def _validate_new(item: Json) -> Iterator[field.Error]:
    if "eventTime" not in item:
        yield field.required("eventTime")
        return
    for name in ("reportingController", "reportingInstance", "action", "reason"):
        if not item.get(name):
            yield field.required(name)
    if len(item.get("note", "")) > 1024:
        yield field.too_long("message", 1024)


def _cells(item: Json, now: datetime) -> Cells:
    series: Json = item.get("series") or {}
    first = item.get("firstTimestamp") or item.get("eventTime")
    last = series.get("lastObservedTime") or item.get("lastTimestamp") or first
    about = item.get("involvedObject", {})
    source = item.get("source", {})
    component = source.get("component") or item.get("reportingComponent", "")
    host = source.get("host") or item.get("reportingInstance", "")
    count = series.get("count") or item.get("count") or 1
    return (
        cells.since(last, now),
        item.get("type", ""),
        item.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(part for part in (component, host) if part),
        item.get("message", "").strip(),
        cells.since(first, now),
        count,
        item["metadata"]["name"],
    )


_LIFETIME = 3600
_COLUMNS = (
    Column("Last Seen"),
    Column("Type"),
    Column("Reason"),
    Column("Object"),
    Column("Subobject", wide=True),
    Column("Source", wide=True),
    Column("Message"),
    Column("First Seen", wide=True),
    Column("Count", wide=True),
    Column(NAME.name, wide=True),
)
_ABOUT = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


def _fields(prefix: str) -> dict[str, objects.Reader]:
    found = {f"{prefix}.{name}": objects.text(prefix, name) for name in _ABOUT}
    found |= {name: objects.text(name) for name in ("reason", "type", "reportingController", "reportingComponent")}
    return found | {"source": objects.text("source", "component")}


CORE = (
    Resource(
        "",
        "v1",
        "events",
        "Event",
        short_names=("ev",),
        columns=_COLUMNS,
        row=_cells,
        hooks=Hooks(default=_default, validate=_validate),
        fields=_fields("involvedObject"),
        lifetime=_LIFETIME,
    ),
)
NEW = (
    Resource(
        "events.k8s.io",
        "v1",
        "events",
        "Event",
        short_names=("ev",),
        columns=_COLUMNS,
        row=lambda item, now: _cells(_to_storage(item), now),
        hooks=Hooks(validate=_validate_new, to_storage=_to_storage, from_storage=_from_storage),
        fields=_fields("regarding"),
        prefix="events",
        lifetime=_LIFETIME,
    ),
)
