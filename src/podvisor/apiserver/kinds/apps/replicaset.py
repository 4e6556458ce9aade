"""Deployment, ReplicaSet, ControllerRevision."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Scale
from podvisor.types import field

_WIDE = tuple(Column(name, wide=True) for name in ("Containers", "Images", "Selector"))


def _default_replica_set(item: Json) -> None:
    spec = workloads.default_template(item)
    spec.setdefault("replicas", 1)


def _validate_replica_set(item: Json) -> Iterator[field.Error]:
    yield from workloads.at_least(item, "spec", "replicas")
    yield from workloads.at_least(item, "spec", "minReadySeconds")
    yield from workloads.validate(item, "replicaset")


def _new_replica_set(item: Json) -> None:
    item["status"] = {"replicas": 0}


def _replica_set_row(item: Json, now: datetime) -> Cells:
    status = item.get("status", {})
    return (
        item["metadata"]["name"],
        item["spec"]["replicas"],
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        cells.age(item["metadata"], now),
        *workloads.containers(item),
        workloads.selector(item),
    )


RECORD = Resource(
    "apps",
    "v1",
    "replicasets",
    "ReplicaSet",
    short_names=("rs",),
    categories=("all",),
    columns=(NAME, Column("Desired"), Column("Current"), Column("Ready"), AGE, *_WIDE),
    row=_replica_set_row,
    hooks=Hooks(
        default=_default_replica_set,
        create=_new_replica_set,
        validate=_validate_replica_set,
        validate_update=workloads.selector_is_fixed,
    ),
    fields={"status.replicas": objects.text("status", "replicas")},
    has_status=True,
    scale=Scale(),
    counts_generations=True,
)
