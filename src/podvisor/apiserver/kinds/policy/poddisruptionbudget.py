"""PodDisruptionBudget (https://kubernetes.io/docs/concepts/workloads/pods/disruptions/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, rules


def _create(item: Json) -> None:
    numbers = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    item["status"] = dict.fromkeys(numbers, 0)


def _not_both(at: rules.At) -> Iterator[field.Error]:
    if at.get("minAvailable") is not None and at.get("maxUnavailable") is not None:
        yield field.invalid(at.path, at.value, "minAvailable and maxUnavailable cannot be both set")


RULES = (
    rules.field(
        "spec",
        _not_both,
        *(
            rules.field(name, workloads.NUMBER_OR_PERCENT, workloads.not_above_100_percent)
            for name in ("minAvailable", "maxUnavailable")
        ),
        rules.field("selector", rules.selector()),
        rules.field("unhealthyPodEvictionPolicy", rules.one_of("AlwaysAllow", "IfHealthyBudget")),
    ),
)
STATUS_RULES = (
    rules.field("status", *workloads.counts("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")),
)


def _row(item: Json, now: datetime) -> Cells:
    spec, status = item.get("spec", {}), item.get("status", {})
    bounds = (str(spec.get(name, "N/A")) for name in ("minAvailable", "maxUnavailable"))
    return (item["metadata"]["name"], *bounds, status.get("disruptionsAllowed", 0), cells.age(item["metadata"], now))


RECORD = Resource(
    "policy",
    "v1",
    "poddisruptionbudgets",
    "PodDisruptionBudget",
    short_names=("pdb",),
    columns=(
        NAME,
        Column("Min Available"),
        Column("Max Unavailable"),
        Column("Allowed Disruptions", "integer"),
        AGE,
    ),
    row=_row,
    hooks=Hooks(create=_create),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    counts_generations=True,
)
