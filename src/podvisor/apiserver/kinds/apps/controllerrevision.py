"""Deployment, ReplicaSet, ControllerRevision."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field


def _validate_revision(item: Json) -> Iterator[field.Error]:
    if "data" not in item:
        yield field.required("data", "data is mandatory")
    if item.get("revision", 0) < 0:
        yield field.invalid("revision", item["revision"], "must be greater than or equal to 0")


def _validate_revision_update(new: Json, old: Json) -> Iterator[field.Error]:
    if new.get("data") != old.get("data"):
        yield field.invalid("data", new.get("data"), "field is immutable")


def _revision_row(item: Json, now: datetime) -> Cells:
    owners = item["metadata"].get("ownerReferences", ())
    owner = next((one for one in owners if one.get("controller")), None)
    group = owner["apiVersion"].partition("/")[0] if owner and "/" in owner["apiVersion"] else ""
    name = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}" if owner else "<none>"
    return (item["metadata"]["name"], name, item.get("revision", 0), cells.age(item["metadata"], now))


RECORD = Resource(
    "apps",
    "v1",
    "controllerrevisions",
    "ControllerRevision",
    columns=(NAME, Column("Controller"), Column("Revision"), AGE),
    row=_revision_row,
    hooks=Hooks(validate=_validate_revision, validate_update=_validate_revision_update),
)
