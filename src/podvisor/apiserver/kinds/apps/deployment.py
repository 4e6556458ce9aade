"""Deployment."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Scale
from podvisor.types import field, rules


def _default(item: Json) -> None:
    spec = workloads.default_template(item)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _not_both_zero(at: rules.At) -> Iterator[field.Error]:
    """Something has to give way for an update to go on."""
    unavailable, surge = (workloads.scaled(at.get(name)) for name in ("maxUnavailable", "maxSurge"))
    if not unavailable and not surge:
        detail = "may not be 0 when `maxSurge` is 0"
        yield field.invalid(at.path.child("maxUnavailable"), at.get("maxUnavailable"), detail)


def _known_strategy(at: rules.At) -> Iterator[field.Error]:
    """The error is about the whole strategy."""
    if at.get("type") not in ("Recreate", "RollingUpdate"):
        yield field.unsupported(at.path, at.value, ("Recreate", "RollingUpdate"))


def _deadline(at: rules.At) -> Iterator[field.Error]:
    deadline = at.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= (at.get("minReadySeconds") or 0):
        yield field.invalid(at.path.child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds")


_STRATEGY = rules.field(
    "strategy",
    rules.when(
        rules.equals("type", "Recreate"),
        rules.field("rollingUpdate", rules.forbidden("may not be specified when strategy `type` is 'Recreate'")),
    ),
    rules.when(
        rules.equals("type", "RollingUpdate"),
        rules.field(
            "rollingUpdate",
            rules.field("maxUnavailable", workloads.NUMBER_OR_PERCENT),
            rules.field("maxSurge", workloads.NUMBER_OR_PERCENT),
            _not_both_zero,
            rules.field("maxUnavailable", workloads.not_above_100_percent),
        ),
    ),
    _known_strategy,
)
RULES = (
    rules.field(
        "spec",
        rules.field("replicas", rules.at_least(0)),
        *workloads.selector_and_template("deployment", *workloads.always_running("ReplicaSet")),
        _STRATEGY,
        *(
            rules.field(name, rules.at_least(0))
            for name in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
        ),
        _deadline,
    ),
    workloads.SELECTOR_IS_FIXED,
)
_ABOVE = "cannot be greater than status.replicas"
STATUS_RULES = (
    rules.field(
        "status",
        *workloads.counts(
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
            "terminatingReplicas",
            "collisionCount",
        ),
        *(workloads.not_above(f"{name}Replicas", "replicas", _ABOVE) for name in ("updated", "ready", "available")),
        workloads.not_above("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"),
        rules.field("collisionCount", rules.asks_nothing(workloads.not_decremented)),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    status = item.get("status", {})
    return (
        item["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{item['spec']['replicas']}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        cells.age(item["metadata"], now),
        *workloads.containers(item),
        workloads.selector(item),
    )


RECORD = Resource(
    "apps",
    "v1",
    "deployments",
    "Deployment",
    short_names=("deploy",),
    categories=("all",),
    columns=(NAME, Column("Ready"), Column("Up-to-date"), Column("Available"), AGE, *workloads.WIDE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    status_resets=(("metadata", "labels"),),
    scale=Scale(),
    counts_generations=True,
)
