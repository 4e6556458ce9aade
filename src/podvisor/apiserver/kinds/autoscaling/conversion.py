"""What `autoscaling/v1` shows of an autoscaler, and what is stored of one in that version.

v1 knows one target, the use of processors; all else travels in annotations, as between Kubernetes' own versions (its
`pkg/apis/autoscaling/v1/conversion.go`), so that who reads and writes v1 loses nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import orjson

from podvisor.apiserver.resource import Json
from podvisor.types import quantity

UTILIZATION = 80
"""The target, in percent of what is requested, of an autoscaler that names no metric."""
_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _BEHAVIOR = f"{_PREFIX}metrics", f"{_PREFIX}behavior"
_STATUSES, _CONDITIONS = f"{_PREFIX}current-metrics", f"{_PREFIX}conditions"
_OTHERS = (f"{_PREFIX}scale-down-tolerance", f"{_PREFIX}scale-up-tolerance")
_ANNOTATIONS = (_METRICS, _BEHAVIOR, _STATUSES, _CONDITIONS, *_OTHERS)


def of_processors(utilization: int) -> Json:
    """The metric that v1 has a field for."""
    target = {"type": "Utilization", "averageUtilization": utilization}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


def to_v2(item: Json) -> Json:
    """From v1. What its annotations say is taken; one that says nothing legible is dropped."""
    metadata = dict(item["metadata"])
    told = cast("Mapping[str, str]", metadata.get("annotations") or {})
    kept = {name: value for name, value in told.items() if name not in _ANNOTATIONS}
    if "annotations" in metadata:
        metadata["annotations"] = kept
        if not kept:
            del metadata["annotations"]
    spec = {name: value for name, value in item.get("spec", {}).items() if name != "targetCPUUtilizationPercentage"}
    target = item.get("spec", {}).get("targetCPUUtilizationPercentage")
    metrics = [_renamed(one, _spec_to_v2) for one in _told(told, _METRICS, list)]
    metrics += [of_processors(target)] if target is not None else []
    spec["metrics"] = metrics or [of_processors(UTILIZATION)]
    if behavior := _recased(_told(told, _BEHAVIOR, dict), str.lower):
        spec["behavior"] = behavior
    return item | {"apiVersion": "autoscaling/v2", "metadata": metadata, "spec": spec} | _status_to_v2(item, told)


def _status_to_v2(item: Json, told: Mapping[str, str]) -> Json:
    if "status" not in item:
        return {}
    status = {name: value for name, value in item["status"].items() if name != "currentCPUUtilizationPercentage"}
    if metrics := [_renamed(one, _status_of_v1) for one in _told(told, _STATUSES, list)]:
        status["currentMetrics"] = metrics
    elif (used := item["status"].get("currentCPUUtilizationPercentage")) is not None:
        resource = {"name": "cpu", "current": {"averageUtilization": used}}
        status["currentMetrics"] = [{"type": "Resource", "resource": resource}]
    if conditions := _told(told, _CONDITIONS, list):
        status["conditions"] = conditions
    return {"status": status}


def from_v2(item: Json) -> Json:
    """To v1."""
    spec, status = dict(item.get("spec", {})), dict(item.get("status", {}))
    metrics: list[Json] = spec.pop("metrics", None) or []
    statuses: list[Json] = status.pop("currentMetrics", None) or []
    conditions: list[Json] = status.pop("conditions", None) or []
    behavior: Json | None = spec.pop("behavior", None)
    given = cast("Mapping[str, str]", item["metadata"].get("annotations") or {})
    told = {name: text for name, text in given.items() if name not in _ANNOTATIONS}
    if others := [_renamed(one, _spec_to_v1) for one in metrics if _utilization(one, "target") is None]:
        told[_METRICS] = _text(others)
    if statuses:
        told[_STATUSES] = _text([_renamed(one, _status_to_v1) for one in statuses])
    if behavior is not None:
        told[_BEHAVIOR] = _text(_recased(behavior, str.upper))
    if conditions:
        told[_CONDITIONS] = _text(conditions)
    if (target := _first(metrics, "target")) is not None:
        spec["targetCPUUtilizationPercentage"] = target
    if (used := _first(statuses, "current")) is not None:
        status["currentCPUUtilizationPercentage"] = used
    metadata = item["metadata"] | ({"annotations": told} if told else {})
    made = item | {"apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec}
    return made | ({"status": status} if "status" in item else {})


def _first(metrics: Sequence[Json], where: str) -> int | None:
    return next((found for one in metrics if (found := _utilization(one, where)) is not None), None)


def _utilization(metric: Json, where: str) -> int | None:
    """What a metric says of the use of processors, if it is about that."""
    resource = cast("Json", metric.get("resource") or {})
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return cast("int | None", resource.get(where, {}).get("averageUtilization"))


def _renamed(metric: Json, change: Callable[[str, Json], Json]) -> Json:
    """A metric whose sources have the other version's fields."""
    return {
        name: change(name, cast("Json", value)) if isinstance(value, dict) else value for name, value in metric.items()
    }


def _spec_to_v1(source: str, given: Json) -> Json:
    target, metric = given.get("target", {}), given.get("metric", {})
    value, average = target.get("value"), target.get("averageValue")
    match source:
        case "object":
            made = {"target": given.get("describedObject"), "metricName": metric.get("name")}
            return _there(
                made | {"targetValue": value or "0", "selector": metric.get("selector"), "averageValue": average}
            )
        case "pods":
            made = {"metricName": metric.get("name"), "targetAverageValue": average or "0"}
            return _there(made | {"selector": metric.get("selector")})
        case "external":
            made = {"metricName": metric.get("name"), "metricSelector": metric.get("selector")}
            return _there(made | {"targetValue": value, "targetAverageValue": average})
        case _:
            made = {name: given.get(name) for name in ("name", "container")}
            used = target.get("averageUtilization")
            return _there(made | {"targetAverageUtilization": used, "targetAverageValue": average})


def _spec_to_v2(source: str, given: Json) -> Json:
    match source:
        case "object":
            average = given.get("averageValue")
            value = given.get("targetValue")
            target = {"type": "Value" if average is None else "AverageValue", "value": _not_zero(value)}
            described, metric = given.get("target"), _metric(given, "selector")
            return {
                "describedObject": described,
                "metric": metric,
                "target": _there(target | {"averageValue": average}),
            }
        case "pods":
            target = {"type": "AverageValue", "averageValue": given.get("targetAverageValue")}
            return {"metric": _metric(given, "selector"), "target": _there(target)}
        case "external":
            value, average = given.get("targetValue"), given.get("targetAverageValue")
            target = {"type": "AverageValue" if value is None else "Value", "value": value, "averageValue": average}
            return {"metric": _metric(given, "metricSelector"), "target": _there(target)}
        case _:
            used, average = given.get("targetAverageUtilization"), given.get("targetAverageValue")
            target = {"type": "AverageValue" if used is None else "Utilization", "averageUtilization": used}
            named = _there({name: given.get(name) for name in ("name", "container")})
            return named | {"target": _there(target | {"averageValue": average})}


def _status_to_v1(source: str, given: Json) -> Json:
    current, metric = given.get("current", {}), given.get("metric", {})
    value, average = current.get("value"), current.get("averageValue")
    match source:
        case "object":
            made = {"target": given.get("describedObject"), "metricName": metric.get("name")}
            return _there(
                made | {"currentValue": value or "0", "selector": metric.get("selector"), "averageValue": average}
            )
        case "pods":
            made = {"metricName": metric.get("name"), "currentAverageValue": average or "0"}
            return _there(made | {"selector": metric.get("selector")})
        case "external":
            made = {"metricName": metric.get("name"), "metricSelector": metric.get("selector")}
            return _there(made | {"currentValue": value or "0", "currentAverageValue": average})
        case _:
            made = {name: given.get(name) for name in ("name", "container")}
            used = current.get("averageUtilization")
            return _there(made | {"currentAverageUtilization": used, "currentAverageValue": average or "0"})


def _status_of_v1(source: str, given: Json) -> Json:
    match source:
        case "object":
            current = {"value": given.get("currentValue"), "averageValue": given.get("averageValue")}
            described = given.get("target")
            return {"describedObject": described, "metric": _metric(given, "selector"), "current": _there(current)}
        case "pods":
            current = {"averageValue": given.get("currentAverageValue")}
            return {"metric": _metric(given, "selector"), "current": _there(current)}
        case "external":
            current = {"value": given.get("currentValue"), "averageValue": given.get("currentAverageValue")}
            return {"metric": _metric(given, "metricSelector"), "current": _there(current)}
        case _:
            current = {"averageUtilization": given.get("currentAverageUtilization")}
            named = _there({name: given.get(name) for name in ("name", "container")})
            return named | {"current": _there(current | {"averageValue": given.get("currentAverageValue")})}


def _metric(given: Json, selector: str) -> Json:
    return _there({"name": given.get("metricName"), "selector": given.get(selector)})


def _not_zero(value: Any) -> Any:
    """v1 has to write a value where there is none; zero is no target."""
    return value if value is not None and quantity.parse(str(value)).amount else None


def _there(given: Json) -> Json:
    return {name: value for name, value in given.items() if value is not None}


def _recased(value: Any, first: Callable[[str], str]) -> Any:
    """With the first letters of all names as `first` has them: Kubernetes writes this annotation by Go's names."""
    if isinstance(value, list):
        return [_recased(one, first) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        given = cast("Json", value)
        return {first(name[:1]) + name[1:]: _recased(one, first) for name, one in given.items() if one is not None}
    return value


def _told(annotations: Mapping[str, str], name: str, kind: type[Any]) -> Any:
    """What an annotation holds; an empty one of that kind where it is not there, or not what it should be."""
    try:
        found = orjson.loads(annotations.get(name, "null"))
    except orjson.JSONDecodeError:
        return kind()
    return found if isinstance(found, kind) else kind()


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
