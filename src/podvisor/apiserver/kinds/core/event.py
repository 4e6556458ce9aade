"""Event, as it is stored; `events.k8s.io/v1` shows the same objects (`kinds/events`)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field


def _default(item: Json) -> None:
    item.setdefault("type", "Normal")


def _validate(item: Json) -> Iterator[field.Error]:
    about = item.get("involvedObject", {})
    namespace = about.get("namespace") or "default"
    if item["metadata"].get("namespace") != namespace:
        path = "involvedObject.namespace"
        yield field.invalid(path, about.get("namespace", ""), "does not match event.namespace")


def row(item: Json, now: datetime) -> Cells:
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


LIFETIME = 3600
COLUMNS = (
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


def fields(prefix: str) -> dict[str, objects.Reader]:
    found = {f"{prefix}.{name}": objects.text(prefix, name) for name in _ABOUT}
    found |= {name: objects.text(name) for name in ("reason", "type", "reportingController", "reportingComponent")}
    return found | {"source": objects.text("source", "component")}


RECORD = Resource(
    "",
    "v1",
    "events",
    "Event",
    short_names=("ev",),
    columns=COLUMNS,
    row=row,
    hooks=Hooks(default=_default, validate=_validate),
    fields=fields("involvedObject"),
    lifetime=LIFETIME,
)
