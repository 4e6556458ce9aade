"""ControllerRevision."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, rules


def _holds_object(at: rules.At) -> Iterator[field.Error]:
    if at.updating:
        return
    if at.value is None:
        yield field.required(at.path, "data is mandatory")
    elif not isinstance(at.value, dict):
        yield field.required(at.path, "data must be a valid JSON object")


def _row(item: Json, now: datetime) -> Cells:
    owners = item["metadata"].get("ownerReferences", ())
    owner = next((one for one in owners if one.get("controller")), None)
    group = owner["apiVersion"].partition("/")[0] if owner and "/" in owner["apiVersion"] else ""
    name = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}" if owner else "<none>"
    return (item["metadata"]["name"], name, item.get("revision", 0), cells.age(item["metadata"], now))


RULES = (
    rules.field("revision", rules.at_least(0)),
    rules.field("data", rules.asks_nothing(_holds_object), rules.immutable()),
)
RECORD = Resource(
    "apps",
    "v1",
    "controllerrevisions",
    "ControllerRevision",
    columns=(NAME, Column("Controller"), Column("Revision"), AGE),
    row=_row,
    rules=RULES,
)
