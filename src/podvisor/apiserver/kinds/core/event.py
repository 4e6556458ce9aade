"""Event, as it is stored; `events.k8s.io/v1` shows the same objects (`kinds/events`)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules


def _default(item: Json) -> None:
    item.setdefault("type", "Normal")


def legacy(*, component: str) -> tuple[rules.Rule, ...]:
    """What an event of either version must be; `component` is what the version calls who reports it."""
    names_of = ("involvedObject", "regarding")

    def about(at: rules.At) -> str:
        return next((at.get(name, "namespace") or "" for name in names_of if at.get(name) is not None), "")

    def namespace(at: rules.At) -> Iterator[field.Error]:
        """An event is where the object is that it is about."""
        own, other = at.get("metadata", "namespace") or "", about(at)
        allowed = ("default", "kube-system") if at.get("eventTime") else ("default", "")
        agrees = own in allowed if not other else bool(at.get("eventTime")) or own == other
        if not agrees:
            yield field.invalid(at.path.child("involvedObject", "namespace"), other, "does not match event.namespace")

    return (
        namespace,
        rules.when(
            rules.given("eventTime"),
            rules.field(component, rules.required(), _QUALIFIED),
            *(rules.field(name, rules.required(), _at_most(128)) for name in ("reportingInstance", "action", "reason")),
            *(rules.field(name, _at_most(1024), shown="message") for name in ("message", "note")),
        ),
    )


def _qualified(at: rules.At) -> Iterator[field.Error]:
    yield from (field.invalid(at.path, at.value or "", why) for why in names.qualified(at.value or ""))


_QUALIFIED = rules.asks_nothing(_qualified)


def _at_most(most: int) -> rules.Check:
    """The error does not show the text."""

    def objections(at: rules.At) -> Iterator[field.Error]:
        if len(at.value.encode()) > most:
            yield field.invalid(at.path, "", f"can have at most {most} characters")

    return rules.Check(f"at_most({most})", objections)


RULES = legacy(component="reportingComponent")


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


def _source(item: Json) -> str:
    """Who reports it, in either version's fields."""
    old: Json = item.get("source") or item.get("deprecatedSource") or {}
    return old.get("component") or item.get("reportingComponent") or item.get("reportingController") or ""


def fields(prefix: str) -> dict[str, objects.Reader]:
    found = {f"{prefix}.{name}": objects.text(prefix, name) for name in _ABOUT}
    found |= {name: objects.text(name) for name in ("reason", "type", "reportingController", "reportingComponent")}
    return found | {"source": _source}


RECORD = Resource(
    "",
    "v1",
    "events",
    "Event",
    short_names=("ev",),
    columns=COLUMNS,
    row=row,
    hooks=Hooks(default=_default),
    rules=RULES,
    fields=fields("involvedObject"),
    lifetime=LIFETIME,
)
