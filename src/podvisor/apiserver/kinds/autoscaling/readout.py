"""The column `TARGETS` of `kubectl get hpa`: each metric as it is, and as it should be."""

from collections.abc import Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.resource import Json

_MOST = 2
"""How many metrics are shown."""
_UNKNOWN = "<unknown>"


def targets(specs: Sequence[Json], statuses: Sequence[Json] | None) -> str:
    """All of them, in the words of Kubernetes' printer."""
    if not specs:
        return "<none>"
    statuses = statuses or ()
    shown = [_target(spec, statuses[at] if at < len(statuses) else {}) for at, spec in enumerate(specs)]
    more = f" + {len(shown) - _MOST} more..." if len(shown) > _MOST else ""
    return ", ".join(shown[:_MOST]) + more


def _target(spec: Json, status: Json) -> str:
    match spec.get("type"):
        case "External":
            return _value(spec.get("external", {}), status.get("external", {}))
        case "Object":
            return _value(spec.get("object", {}), status.get("object", {}))
        case "Pods":
            return _average(spec.get("pods", {}), status.get("pods", {}))
        case "Resource":
            return _of_resource(spec.get("resource", {}), status.get("resource", {}))
        case "ContainerResource":
            return _of_resource(spec.get("containerResource", {}), status.get("containerResource", {}))
        case _:
            return "<unknown type>"


def _value(source: Json, status: Json) -> str:
    if objects.dig(source, "target", "averageValue") is not None:
        return f"{_average(source, status)} (avg)"
    current = objects.dig(status, "current", "value") or _UNKNOWN
    return f"{current}/{objects.dig(source, 'target', 'value')}"


def _average(source: Json, status: Json) -> str:
    current = objects.dig(status, "current", "averageValue") or _UNKNOWN
    return f"{current}/{objects.dig(source, 'target', 'averageValue')}"


def _of_resource(source: Json, status: Json) -> str:
    name = source.get("name", "")
    if objects.dig(source, "target", "averageValue") is not None:
        return f"{name}: {_average(source, status)}"
    used, wanted = (objects.dig(*where, "averageUtilization") for where in ((status, "current"), (source, "target")))
    current = _UNKNOWN if used is None else f"{used}%"
    return f"{name}: {current}/{'<auto>' if wanted is None else f'{wanted}%'}"
