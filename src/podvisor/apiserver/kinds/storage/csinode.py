"""CSINode: the drivers of volumes that a node has."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, names, rules
from podvisor.types.rules.changes import IMMUTABLE

_LONGEST_ID = 256


def driver_name(at: rules.At) -> Iterator[field.Error]:
    """The name of a driver (`ValidateCSIDriverName`)."""
    name = at.value or ""
    if not name:
        yield field.required(at.path)
    if len(name) > 63:
        yield field.too_long(at.path, 63)
    yield from (field.invalid(at.path, name, why) for why in names.dns_subdomain(name.lower()))


def _id_length(at: rules.At) -> Iterator[field.Error]:
    if len(at.value) > _LONGEST_ID:
        yield field.invalid(at.path, at.value, f"must be {_LONGEST_ID} characters or less")


def _topology_keys(at: rules.At) -> Iterator[field.Error]:
    seen: set[str] = set()
    for key in at.value:
        if not key:
            yield field.required(at.path)
        if key in seen:
            yield field.duplicate(at.path, key)
        seen.add(key)
        yield from (field.invalid(at.path, key, why) for why in names.qualified(key))


def _drivers_stay(at: rules.At) -> Iterator[field.Error]:
    spec: Json = at.old or {}
    before: list[Json] = spec.get("drivers") or []
    old = {driver["name"]: driver for driver in before}
    for driver in at.listed("drivers"):
        if driver["name"] in old and driver != old[driver["name"]]:
            yield field.invalid(at.path.child("drivers"), driver, IMMUTABLE)


RULES = (
    rules.field(
        "spec",
        rules.field(
            "drivers",
            rules.each(
                rules.field("name", rules.asks_nothing(driver_name)),
                rules.field("nodeID", rules.required(), _id_length),
                rules.field("allocatable", rules.field("count", rules.at_least(0))),
                rules.field("topologyKeys", _topology_keys, shown=""),
            ),
            rules.unique_by("name"),
        ),
        rules.when_updating(_drivers_stay),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    drivers = item["spec"].get("drivers") or ()
    return (item["metadata"]["name"], len(drivers), cells.age(item["metadata"], now))


RECORD = Resource(
    "storage.k8s.io",
    "v1",
    "csinodes",
    "CSINode",
    namespaced=False,
    columns=(NAME, Column("Drivers", "integer"), AGE),
    row=_row,
    rules=RULES,
    unconditional_update=False,
)
