"""ReplicationController."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Scale
from podvisor.types import field, rules


def _default(item: Json) -> None:
    """Labels and selector that are missing are those of the template."""
    spec = workloads.default_template(item)
    labels = spec["template"]["metadata"].get("labels")
    if labels:
        spec["selector"] = spec.get("selector") or dict(labels)
        if not item["metadata"].get("labels"):
            item["metadata"]["labels"] = dict(labels)
    spec.setdefault("replicas", 1)


def _create(item: Json) -> None:
    item["status"] = {"replicas": 0}


def _has_selector(at: rules.At) -> Iterator[field.Error]:
    if not at.get("selector"):
        yield field.required(at.path.child("selector"))


def _matches_template(at: rules.At) -> Iterator[field.Error]:
    labels = at.mapping("template", "metadata", "labels")
    if not at.mapping("selector").items() <= labels.items():
        path = at.path.child("template", "metadata", "labels")
        yield field.invalid(path, labels, "`selector` does not match template `labels`")


RULES = (
    rules.field(
        "spec",
        rules.field("minReadySeconds", rules.at_least(0)),
        _has_selector,
        rules.field("replicas", rules.at_least(0)),
        _matches_template,
        rules.field("template", *podspec.TEMPLATE, *workloads.always_running("ReplicationController")),
    ),
)
STATUS_RULES = workloads.REPLICA_COUNTS


def _row(item: Json, now: datetime) -> Cells:
    return (*workloads.replica_cells(item, now), cells.labels(item["spec"].get("selector")))


RECORD = Resource(
    "",
    "v1",
    "replicationcontrollers",
    "ReplicationController",
    short_names=("rc",),
    categories=("all",),
    columns=(NAME, Column("Desired"), Column("Current"), Column("Ready"), AGE, *workloads.WIDE),
    row=_row,
    hooks=Hooks(default=_default, create=_create),
    rules=RULES,
    status_rules=STATUS_RULES,
    fields={"status.replicas": objects.text("status", "replicas")},
    has_status=True,
    scale=Scale(),
    counts_generations=True,
)
