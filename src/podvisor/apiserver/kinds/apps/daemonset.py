"""DaemonSet."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, rules

GENERATION = "deprecated.daemonset.template.generation"
"""Annotation: how often the template has changed. In apps/v1 it stands for what was once a field."""


def _default(item: Json) -> None:
    spec = workloads.default_template(item)
    strategy = spec.setdefault("updateStrategy", {})
    strategy["type"] = strategy.get("type") or "RollingUpdate"
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def _create(item: Json) -> None:
    numbers = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    item["status"] = dict.fromkeys(numbers, 0)
    _count(item, 1)


def _update(new: Json, old: Json) -> None:
    before = int(old["metadata"].get("annotations", {}).get(GENERATION) or 0)
    _count(new, before + (new["spec"].get("template") != old["spec"].get("template")))


def _count(item: Json, generation: int) -> None:
    item["metadata"].setdefault("annotations", {})[GENERATION] = str(generation)


def _matches_template(at: rules.At) -> Iterator[field.Error]:
    if workloads.is_usable(at):
        yield from workloads.matches_template(at)


def _exactly_one(at: rules.At) -> Iterator[field.Error]:
    """A node either goes without a pod for a while, or has two."""
    unavailable, surge = (workloads.scaled(at.get(name)) for name in ("maxUnavailable", "maxSurge"))
    if unavailable and surge:
        detail = "may not be set when maxUnavailable is non-zero"
        yield field.invalid(at.path.child("maxSurge"), at.get("maxSurge"), detail)
    elif not unavailable and not surge:
        yield field.required(at.path.child("maxUnavailable"), "cannot be 0 when maxSurge is 0")


def _known_strategy(at: rules.At) -> Iterator[field.Error]:
    """The error is about the whole strategy."""
    if at.get("type") not in ("RollingUpdate", "OnDelete"):
        yield field.unsupported(at.path, at.value, ("RollingUpdate", "OnDelete"), in_order=True)


_STRATEGY = rules.field(
    "updateStrategy",
    rules.when(
        rules.equals("type", "RollingUpdate"),
        rules.field(
            "rollingUpdate",
            *(rules.field(name, workloads.NUMBER_OR_PERCENT) for name in ("maxUnavailable", "maxSurge")),
            *(rules.field(name, workloads.not_above_100_percent) for name in ("maxUnavailable", "maxSurge")),
            _exactly_one,
        ),
    ),
    _known_strategy,
)
RULES = (
    rules.field(
        "spec",
        rules.field("selector", rules.selector()),
        _matches_template,
        rules.field("selector", workloads.not_empty("daemonset")),
        rules.field("template", *podspec.TEMPLATE, *workloads.always_running("DaemonSet")),
        rules.field("minReadySeconds", rules.at_least(0)),
        _STRATEGY,
        rules.field("revisionHistoryLimit", rules.at_least(0)),
    ),
    workloads.SELECTOR_IS_FIXED,
)
STATUS_RULES = (
    rules.field(
        "status",
        *workloads.counts(
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
            "collisionCount",
        ),
        rules.field("collisionCount", rules.asks_nothing(workloads.not_decremented)),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    status = item.get("status", {})
    numbers = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return (
        item["metadata"]["name"],
        *(status.get(name, 0) for name in numbers),
        cells.labels(item["spec"]["template"]["spec"].get("nodeSelector")),
        cells.age(item["metadata"], now),
        *workloads.containers(item),
        workloads.selector(item),
    )


_NUMBERS = tuple(Column(name, "integer") for name in ("Desired", "Current", "Ready", "Up-to-date", "Available"))
RECORD = Resource(
    "apps",
    "v1",
    "daemonsets",
    "DaemonSet",
    short_names=("ds",),
    categories=("all",),
    columns=(NAME, *_NUMBERS, Column("Node Selector"), AGE, *workloads.WIDE),
    row=_row,
    hooks=Hooks(default=_default, create=_create, update=_update),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    counts_generations=True,
)
