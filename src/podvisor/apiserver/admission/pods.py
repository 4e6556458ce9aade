"""What every new pod gets: a priority, and patience with failing nodes (plugins Priority, DefaultTolerationSeconds)."""

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import status

_SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_PATIENCE = 300
"""Seconds on a node that is not ready or not reachable."""
_FAILING = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


async def priority(change: Change, view: View) -> None:
    """Resolve `priorityClassName`. Raises Forbidden if there is no such class."""
    if not _is_new_pod(change) or change.new is None:
        return
    spec = change.new["spec"]
    name = spec.get("priorityClassName", "")
    value, policy = await _of_class(change, view, name) if name else (0, "PreemptLowerPriority")
    if spec.setdefault("priority", value) != value:
        why = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority admission"
        why += f" controller computed {value} from the given PriorityClass name"
        raise status.Forbidden(why, change.resource.subject(change.name))
    spec.setdefault("preemptionPolicy", policy)


async def tolerations(change: Change, view: View) -> None:
    """Tolerate failing nodes for five minutes unless the pod says otherwise."""
    if not _is_new_pod(change) or change.new is None:
        return
    spec = change.new["spec"]
    given: list[Json] = spec.get("tolerations", [])
    for key in _FAILING:
        if not any(_tolerates(one, key) for one in given):
            one = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _PATIENCE}
            given = [*given, one]
    spec["tolerations"] = given


async def _of_class(change: Change, view: View, name: str) -> tuple[int, str]:
    if name in _SYSTEM:
        return _SYSTEM[name], "PreemptLowerPriority"
    classes = view.registry.by_path.get(("scheduling.k8s.io", "v1", "priorityclasses"))
    kv = await view.storage.find(classes, "", name) if classes else None
    if classes is None or kv is None:
        why = f"no PriorityClass with name {name} was found"
        raise status.Forbidden(why, change.resource.subject(change.name))
    item = objects.decode(classes, kv)
    return item["value"], item.get("preemptionPolicy", "PreemptLowerPriority")


def _tolerates(toleration: Json, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


def _is_new_pod(change: Change) -> bool:
    return change.operation == "CREATE" and change.resource.plural == "pods" and not change.subresource
