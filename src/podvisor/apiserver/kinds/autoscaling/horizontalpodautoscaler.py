"""HorizontalPodAutoscaler (https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/).

Stored as `autoscaling/v2`; what `autoscaling/v1` shows of it is in `conversion`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.kinds.autoscaling import conversion, readout
from podvisor.apiserver.kinds.podspec import resources
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, quantity, rules
from podvisor.types.field import Error

_LONGEST_WINDOW, _LONGEST_PERIOD = 3600, 1800
_POPULATE = "must populate information for the given metric source"
_ONLY = "must populate the given metric source only"
_SOURCES = {
    "Object": "object",
    "External": "external",
    "Pods": "pods",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
"""The sources by their types, in the order in which they are looked at."""
_UP: Json = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN: Json = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        spec["metrics"] = [conversion.of_processors(conversion.UTILIZATION)]
    if (behavior := spec.get("behavior")) is not None:
        for name, wanted in (("scaleUp", _UP), ("scaleDown", _DOWN)):
            given: Json = behavior.get(name) or {}
            given.pop("tolerance", None)  # The gate HPAConfigurableTolerance is off in 1.33.
            policies: list[Json] = wanted["policies"] if given.get("policies") is None else given["policies"]
            behavior[name] = wanted | given | {"policies": [dict(one) for one in policies]}


def _not_below_least(at: rules.At) -> Iterator[Error]:
    """Zero is a gate's: an object that has it already keeps it."""
    least = 0 if at.updating and at.old == 0 else 1
    if at.value is not None and at.value < least:
        yield field.invalid(at.path, at.value, f"must be greater than or equal to {least}")


def _most(at: rules.At) -> Iterator[Error]:
    most, least = at.get("maxReplicas") or 0, at.get("minReplicas")
    if most < 1:
        yield field.invalid(at.path.child("maxReplicas"), most, "must be greater than 0")
    if least is not None and most < least:
        yield field.invalid(at.path.child("maxReplicas"), most, "must be greater than or equal to `minReplicas`")


def _scales_to_zero_by(at: rules.At) -> Iterator[Error]:
    types = {metric.get("type") for metric in at.get("metrics") or ()}
    if at.get("minReplicas") == 0 and not types & {"Object", "External"}:
        detail = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield field.forbidden(at.path.child("metrics"), detail)


def _known_type(at: rules.At) -> Iterator[Error]:
    if not at.value:
        yield field.required(at.path, "must specify a metric source type")
    if at.value not in _SOURCES:
        yield field.unsupported(at.path, at.value or "", sorted(_SOURCES))


def _one_source(at: rules.At) -> Iterator[Error]:
    """The source that the type names, and no other."""
    wanted = _SOURCES.get(at.get("type") or "")
    present = [name for name in _SOURCES.values() if at.get(name) is not None]
    if wanted is None:
        yield field.unsupported(at.path.child("type"), at.get("type") or "", sorted(_SOURCES))
    elif wanted not in present:
        yield field.required(at.path.child(wanted), _POPULATE)
    if len(present) != 1:
        for name in present:
            if name != wanted:
                yield field.forbidden(at.path.child(name), _ONLY)


def _is_first(name: str) -> rules.Condition:
    """True if it is the first source that is there: only that is looked into."""

    def condition(at: rules.At) -> bool:
        return name == next((one for one in _SOURCES.values() if at.get(one) is not None), None)

    return condition


def _target_type(at: rules.At) -> Iterator[Error]:
    if not at.value:
        yield field.required(at.path, "must specify a metric target type")
    if at.value not in ("Utilization", "Value", "AverageValue"):
        yield field.invalid(at.path, at.value or "", "must be either Utilization, Value, or AverageValue")


def _positive(at: rules.At) -> Iterator[Error]:
    if quantity.parse(str(at.value)).amount <= 0:
        yield field.invalid(at.path, at.value, "must be positive")


def _either(wanted: Sequence[str], named: str, detail: str) -> rules.Check:
    """One of these has to be there; the error is about `named`."""

    def objections(at: rules.At) -> Iterator[Error]:
        if all(at.get("target", name) is None for name in wanted):
            yield field.required(at.path.child("target").child(named), detail)

    return rules.Check(f"either({wanted})", objections)


def _not_both(one: str, other: str, named: str, detail: str) -> rules.Check:
    def objections(at: rules.At) -> Iterator[Error]:
        if at.get("target", one) is not None and at.get("target", other) is not None:
            yield field.forbidden(at.path.child("target").child(named), detail)

    return rules.Check(f"not_both({one}, {other})", objections)


def _of_containers(at: rules.At) -> Iterator[Error]:
    yield from resources.container_name(at.value, at.path)


_REFERENCE = tuple(rules.field(name, rules.required(), rules.matches(names.path_segment)) for name in ("kind", "name"))
_METRIC = rules.field(
    "metric", rules.field("name", rules.required("must specify a metric name"), rules.matches(names.path_segment))
)
_TARGET = rules.field(
    "target",
    rules.field("type", rules.asks_nothing(_target_type)),
    rules.field("value", _positive),
    rules.field("averageValue", _positive),
    rules.field("averageUtilization", rules.more_than(0)),
)
_OF_RESOURCE = (
    _TARGET,
    _either(
        ("averageUtilization", "averageValue"),
        "averageUtilization",
        "must set either a target raw value or a target utilization",
    ),
    _not_both(
        "averageUtilization",
        "averageValue",
        "averageValue",
        "may not set both a target raw value and a target utilization",
    ),
)
_NAME_OF_RESOURCE = rules.required("must specify a resource name")
_METRICS = rules.each(
    rules.field("type", rules.asks_nothing(_known_type)),
    rules.when(
        _is_first("object"),
        rules.field(
            "object",
            rules.field("describedObject", *_REFERENCE),
            _METRIC,
            _TARGET,
            _either(("value", "averageValue"), "averageValue", "must set either a target value or averageValue"),
        ),
    ),
    rules.when(
        _is_first("external"),
        rules.field(
            "external",
            _METRIC,
            _TARGET,
            _either(
                ("value", "averageValue"),
                "averageValue",
                "must set either a target value for metric or a per-pod target",
            ),
            _not_both(
                "value", "averageValue", "value", "may not set both a target value for metric and a per-pod target"
            ),
        ),
    ),
    rules.when(
        _is_first("pods"),
        rules.field(
            "pods",
            _METRIC,
            _TARGET,
            _either(("averageValue",), "averageValue", "must specify a positive target averageValue"),
        ),
    ),
    rules.when(_is_first("resource"), rules.field("resource", rules.field("name", _NAME_OF_RESOURCE), *_OF_RESOURCE)),
    rules.when(
        _is_first("containerResource"),
        rules.field(
            "containerResource",
            rules.field("name", _NAME_OF_RESOURCE, _of_containers),
            rules.field("container", rules.required("must specify a container"), rules.matches(names.dns_label)),
            *_OF_RESOURCE,
        ),
    ),
    _one_source,
)
_POLICY = rules.each(
    rules.field("type", rules.one_of("Percent", "Pods"), otherwise=""),
    rules.field("value", rules.more_than(0, "must be greater than zero"), otherwise=0),
    rules.field(
        "periodSeconds",
        rules.more_than(0, "must be greater than zero"),
        rules.at_most(_LONGEST_PERIOD),
        otherwise=0,
    ),
)
_SCALING = (
    rules.field(
        "stabilizationWindowSeconds",
        rules.more_than(-1, "must be greater than or equal to zero"),
        rules.at_most(_LONGEST_WINDOW),
    ),
    rules.field("selectPolicy", rules.one_of("Disabled", "Max", "Min")),
    rules.field("policies", rules.min_items(1, "must specify at least one Policy"), _POLICY),
)
RULES = (
    rules.field(
        "spec",
        rules.field("minReplicas", _not_below_least),
        _most,
        rules.field("scaleTargetRef", *_REFERENCE),
        rules.field("metrics", _METRICS),
        _scales_to_zero_by,
        rules.field("behavior", *(rules.optional(name, *_SCALING) for name in ("scaleUp", "scaleDown"))),
    ),
)
STATUS_RULES = (rules.field("status", *workloads.counts("currentReplicas", "desiredReplicas")),)


def _row(item: Json, now: datetime) -> Cells:
    spec, status, metadata = item.get("spec", {}), item.get("status", {}), item["metadata"]
    reference = spec.get("scaleTargetRef", {})
    shown = readout.targets(spec.get("metrics", ()), status.get("currentMetrics", ()))
    least = spec.get("minReplicas")
    return (
        metadata["name"],
        f"{reference.get('kind', '')}/{reference.get('name', '')}",
        shown,
        "<unset>" if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        cells.age(metadata, now),
    )


def _create(item: Json) -> None:
    item["status"] = {"desiredReplicas": 0, "currentMetrics": None}


_COLUMNS = (
    NAME,
    Column("Reference"),
    Column("Targets"),
    Column("MinPods"),
    Column("MaxPods"),
    Column("Replicas"),
    AGE,
)
RECORD = Resource(
    "autoscaling",
    "v2",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    short_names=("hpa",),
    categories=("all",),
    columns=_COLUMNS,
    row=_row,
    hooks=Hooks(default=_default, create=_create),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
)


@dataclass(frozen=True)
class _First(Resource):
    """The kind in `autoscaling/v1`: what it must be is asked of what is stored."""

    def errors(self, new: Json, old: Json | None = None) -> Iterator[Error]:
        """See Resource."""
        return rules.check(self.rules, conversion.to_v2(new), old and conversion.to_v2(old))

    def status_errors(self, new: Json, old: Json) -> Iterator[Error]:
        """See Resource."""
        return rules.check(self.status_rules, conversion.to_v2(new), conversion.to_v2(old))


def _default_first(item: Json) -> None:
    """What is stored has its defaults; what this version shows of them follows."""
    whole = conversion.to_v2(item)
    _default(whole)
    item.clear()
    item.update(conversion.from_v2(whole))


FIRST = _First(
    "autoscaling",
    "v1",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    short_names=("hpa",),
    categories=("all",),
    columns=_COLUMNS,
    row=lambda item, now: _row(conversion.to_v2(item), now),
    hooks=Hooks(
        default=_default_first,
        create=_create,
        to_storage=conversion.to_v2,
        from_storage=conversion.from_v2,
    ),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
)
