"""Deployment, ReplicaSet, ControllerRevision."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Scale
from podvisor.types import field
from podvisor.types.field import Path

_STRATEGY = Path("spec.strategy")
_WIDE = tuple(Column(name, wide=True) for name in ("Containers", "Images", "Selector"))


def _default_deployment(item: Json) -> None:
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


def _validate_deployment(item: Json) -> Iterator[field.Error]:
    spec = item["spec"]
    yield from workloads.at_least(item, "spec", "replicas")
    yield from workloads.validate(item, "deployment")
    yield from _validate_strategy(spec["strategy"])
    yield from workloads.at_least(item, "spec", "minReadySeconds")
    yield from workloads.at_least(item, "spec", "revisionHistoryLimit")
    yield from workloads.at_least(item, "spec", "progressDeadlineSeconds")
    if spec["progressDeadlineSeconds"] <= spec.get("minReadySeconds", 0):
        path = "spec.progressDeadlineSeconds"
        yield field.invalid(path, spec["progressDeadlineSeconds"], "must be greater than minReadySeconds")


def _validate_strategy(strategy: Json) -> Iterator[field.Error]:
    rolling = strategy.get("rollingUpdate")
    if strategy["type"] == "Recreate" and rolling is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        yield field.forbidden(_STRATEGY.child("rollingUpdate"), detail)
    elif strategy["type"] not in ("Recreate", "RollingUpdate"):
        yield field.unsupported(_STRATEGY.child("type"), strategy["type"], ("Recreate", "RollingUpdate"))
    elif rolling is not None:
        yield from _validate_rolling(rolling, _STRATEGY.child("rollingUpdate"))


def _validate_rolling(rolling: Json, path: Path) -> Iterator[field.Error]:
    numbers = {name: workloads.scaled(rolling[name]) for name in ("maxUnavailable", "maxSurge")}
    for name, number in numbers.items():
        if number is None and isinstance(rolling[name], int):
            yield field.invalid(path.child(name), rolling[name], "must be greater than or equal to 0")
        elif number is None or (isinstance(rolling[name], str) and not rolling[name].endswith("%")):
            detail = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', "
            yield field.invalid(path.child(name), rolling[name], detail + "regex used for validation is '[0-9]+%')")
    if numbers == {"maxUnavailable": 0, "maxSurge": 0}:
        detail = "may not be 0 when `maxSurge` is 0"
        yield field.invalid(path.child("maxUnavailable"), rolling["maxUnavailable"], detail)
    if isinstance(rolling["maxUnavailable"], str) and (numbers["maxUnavailable"] or 0) > 100:
        yield field.invalid(path.child("maxUnavailable"), rolling["maxUnavailable"], "must not be greater than 100%")


def _deployment_row(item: Json, now: datetime) -> Cells:
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
    columns=(NAME, Column("Ready"), Column("Up-to-date"), Column("Available"), AGE, *_WIDE),
    row=_deployment_row,
    hooks=Hooks(
        default=_default_deployment,
        validate=_validate_deployment,
        validate_update=workloads.selector_is_fixed,
    ),
    has_status=True,
    scale=Scale(),
    counts_generations=True,
)
