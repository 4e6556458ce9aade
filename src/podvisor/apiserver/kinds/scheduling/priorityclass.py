"""PriorityClass (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, rules

SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
"""Those that every cluster has, and their values."""
_PREFIX = "system-"
_HIGHEST = 1_000_000_000
"""The highest value that is not the system's."""


def new(name: str) -> Json:
    """One of the system's own."""
    description = "Used for system critical pods that must " + (
        "not be moved from their current node." if "node" in name else "run in the cluster, but can be moved."
    )
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": SYSTEM[name],
        "description": description,
    }


def _default(item: Json) -> None:
    item["preemptionPolicy"] = item.get("preemptionPolicy") or "PreemptLowerPriority"
    item.setdefault("value", 0)


def _reserved(at: rules.At) -> Iterator[field.Error]:
    name, value = at.get("metadata", "name") or "", at.get("value") or 0
    if not name.startswith(_PREFIX):
        if value > _HIGHEST:
            detail = f"maximum allowed value of a user defined priority is {_HIGHEST}"
            yield field.forbidden(at.path.child("value"), detail)
        return
    if name not in SYSTEM:
        why = f"{name} is not a known system priority class"
    elif value != SYSTEM[name]:
        why = f"value of {name} PriorityClass must be {SYSTEM[name]}"
    elif at.get("globalDefault"):
        why = f"globalDefault of {name} PriorityClass must be false"
    else:
        return
    detail = f"priority class names with '{_PREFIX}' prefix are reserved for system use only. error: {why}"
    yield field.forbidden(at.path.child("metadata", "name"), detail)


RULES = (
    _reserved,
    rules.field("preemptionPolicy", rules.one_of("PreemptLowerPriority", "Never")),
    rules.field("value", rules.forbidden_change("may not be changed in an update.")),
    rules.field("preemptionPolicy", rules.immutable()),
)


def _row(item: Json, now: datetime) -> Cells:
    return (
        item["metadata"]["name"],
        item.get("value", 0),
        "true" if item.get("globalDefault") else "false",
        cells.age(item["metadata"], now),
        item.get("preemptionPolicy", ""),
    )


RECORD = Resource(
    "scheduling.k8s.io",
    "v1",
    "priorityclasses",
    "PriorityClass",
    namespaced=False,
    short_names=("pc",),
    columns=(
        NAME,
        Column("Value", "integer"),
        Column("Global-Default"),
        AGE,
        Column("PreemptionPolicy", wide=True),
    ),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
)
