"""Namespace."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import AGE, ALL_VERBS, NAME, Cells, Column, Hooks, Json, Resource, Subresource
from podvisor.types import field, names, rules

NAME_LABEL = "kubernetes.io/metadata.name"


def new(name: str) -> Json:
    """A Namespace as a client would send it."""
    return {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}


def _default(item: Json) -> None:
    if name := item["metadata"].get("name"):
        item["metadata"].setdefault("labels", {})[NAME_LABEL] = name
    item.setdefault("spec", {})


def _create(item: Json) -> None:
    """A namespace stays until whoever empties it takes the finalizer `kubernetes` away."""
    finalizers = item.setdefault("spec", {}).get("finalizers", [])
    item["spec"]["finalizers"] = finalizers if "kubernetes" in finalizers else [*finalizers, "kubernetes"]
    item["status"] = {"phase": "Active"}


def _update(new: Json, old: Json) -> None:
    """`spec.finalizers` changes only through `/finalize`."""
    new["spec"]["finalizers"] = old["spec"].get("finalizers", [])


def _row(item: Json, now: datetime) -> Cells:
    metadata = item["metadata"]
    return (metadata["name"], objects.dig(item, "status", "phase") or "", cells.age(metadata, now))


def _known_finalizer(at: rules.At) -> Iterator[field.Error]:
    """Kubernetes' own have no prefix."""
    yield from (field.invalid(at.path, at.value, why) for why in names.qualified(at.value))
    if "/" not in at.value and at.value not in ("kubernetes", "orphan"):
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        yield field.invalid(at.path, at.value, detail)


def _phase(at: rules.At) -> Iterator[field.Error]:
    """A namespace ends when it is deleted, and not otherwise."""
    deleted, phase = at.get("metadata", "deletionTimestamp"), at.get("status", "phase") or ""
    wanted = "Terminating" if deleted else "Active"
    if phase != wanted:
        detail = f"may only be '{wanted}' if `deletionTimestamp` is {'not ' if deleted else ''}empty"
        yield field.invalid(at.path.child("status", "Phase"), phase, detail)


RULES = (
    rules.field(
        "spec",
        rules.when_creating(rules.field("finalizers", rules.each(_known_finalizer, indexed=False))),
        rules.when_updating(rules.field("finalizers", rules.each(_known_finalizer))),
    ),
)
STATUS_RULES = (_phase,)
RECORD = Resource(
    "",
    "v1",
    "namespaces",
    "Namespace",
    namespaced=False,
    short_names=("ns",),
    verbs=[verb for verb in ALL_VERBS if verb != "deletecollection"],
    columns=(NAME, Column("Status", description="The status of the namespace"), AGE),
    row=_row,
    hooks=Hooks(default=_default, create=_create, update=_update),
    fields={"name": objects.text("metadata", "name"), "status.phase": objects.text("status", "phase")},
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    subresources=(Subresource("finalize", ("update",)),),
    name_rule=names.dns_label,
)
