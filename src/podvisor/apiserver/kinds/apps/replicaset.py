"""ReplicaSet."""

from datetime import datetime

from podvisor.apiserver import objects
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Scale
from podvisor.types import rules


def _default(item: Json) -> None:
    spec = workloads.default_template(item)
    spec.setdefault("replicas", 1)


def _create(item: Json) -> None:
    item["status"] = {"replicas": 0}


def _row(item: Json, now: datetime) -> Cells:
    return (*workloads.replica_cells(item, now), workloads.selector(item))


RULES = (
    rules.field(
        "spec",
        *(rules.field(name, rules.at_least(0)) for name in ("replicas", "minReadySeconds")),
        # Upstream's errors speak of a deployment here as well.
        *workloads.selector_and_template("deployment", *workloads.always_running("ReplicaSet")),
    ),
    workloads.SELECTOR_IS_FIXED,
)
STATUS_RULES = workloads.REPLICA_COUNTS
RECORD = Resource(
    "apps",
    "v1",
    "replicasets",
    "ReplicaSet",
    short_names=("rs",),
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
