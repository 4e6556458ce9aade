"""What every new pod gets: a priority, and patience with failing nodes (plugins Priority, DefaultTolerationSeconds)."""

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.kinds.scheduling.priorityclass import SYSTEM
from podvisor.apiserver.resource import Json
from podvisor.types import status

_PREEMPTS = "PreemptLowerPriority"
_PATIENCE = 300
"""Seconds on a node that is not ready or not reachable."""
_FAILING = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


async def priority(change: Change, view: View) -> None:
    """Resolve `priorityClassName`. Raises Forbidden if there is no such class."""
    if not _is_new_pod(change) or change.new is None:
        return
    spec = change.new["spec"]
    name = spec.get("priorityClassName", "")
    value, policy = await _of_class(change, view, name) if name else await _by_default(view, spec)
    if spec.setdefault("priority", value) != value:
        why = f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; priority admission"
        why += f" controller computed {value} from the given PriorityClass name"
        raise status.Forbidden(why, change.resource.subject(change.name))
    spec.setdefault("preemptionPolicy", policy)


async def priority_class(change: Change, view: View) -> None:
    """Raises Forbidden for a second default among the classes of priority."""
    new = change.new
    is_class = (change.resource.group, change.resource.plural) == ("scheduling.k8s.io", "priorityclasses")
    if not is_class or new is None or not new.get("globalDefault"):
        return
    for kv in (await view.storage.all(change.resource)).kvs:
        other = objects.decode(change.resource, kv)
        if (name := other["metadata"]["name"]) != change.name and other.get("globalDefault"):
            why = f"PriorityClass {name} is already marked as default. Only one default can exist"
            raise status.Forbidden(why, change.resource.subject(change.name))


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
    if name in SYSTEM:
        return SYSTEM[name], _PREEMPTS
    classes = view.catalogue.get("scheduling.k8s.io", "v1", "priorityclasses")
    if (kv := await view.storage.find(classes, "", name)) is None:
        why = f"no PriorityClass with name {name} was found"
        raise status.Forbidden(why, change.resource.subject(change.name))
    item = objects.decode(classes, kv)
    return item["value"], item.get("preemptionPolicy", _PREEMPTS)


async def _by_default(view: View, spec: Json) -> tuple[int, str]:
    """What the default class says, which the pod then names; of several the one of the lowest value."""
    classes = view.catalogue.get("scheduling.k8s.io", "v1", "priorityclasses")
    every = [objects.decode(classes, kv) for kv in (await view.storage.all(classes)).kvs]
    found = min((one for one in every if one.get("globalDefault")), key=lambda one: one["value"], default=None)
    if found is None:
        return 0, _PREEMPTS
    spec["priorityClassName"] = found["metadata"]["name"]
    return found["value"], found.get("preemptionPolicy", _PREEMPTS)


def _tolerates(toleration: Json, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


def _is_new_pod(change: Change) -> bool:
    is_pod = (change.resource.group, change.resource.plural) == ("", "pods")
    return is_pod and change.operation == "CREATE" and not change.subresource
