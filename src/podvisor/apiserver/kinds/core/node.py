"""Node."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field

_ROLE = "node-role.kubernetes.io/"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _default(item: Json) -> None:
    item.setdefault("spec", {})
    status = item.setdefault("status", {})
    if "capacity" in status:
        status.setdefault("allocatable", dict(status["capacity"]))


def _validate(item: Json) -> Iterator[field.Error]:
    path = field.Path("spec.taints")
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(item["spec"].get("taints", ())):
        here = path.at(index)
        if not taint.get("key"):
            yield field.required(here.child("key"))
        if taint.get("effect") not in _EFFECTS:
            yield field.unsupported(here.child("effect"), taint.get("effect", ""), _EFFECTS)
        pair = (taint.get("key", ""), taint.get("effect", ""))
        if pair in seen:
            yield field.duplicate(here, taint)
        seen.add(pair)


def _validate_update(new: Json, old: Json) -> Iterator[field.Error]:
    before = old["spec"].get("podCIDR")
    if before and new["spec"].get("podCIDR") != before:
        yield field.forbidden("spec.podCIDR", 'node updates may not change podCIDR except from "" to valid')


def _row(item: Json, now: datetime) -> Cells:
    metadata = item["metadata"]
    info: Json = objects.dig(item, "status", "nodeInfo") or {}
    addresses = {one["type"]: one["address"] for one in objects.dig(item, "status", "addresses") or ()}
    return (
        metadata["name"],
        _status(item),
        _roles(metadata.get("labels", {})),
        cells.age(metadata, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", "<none>"),
        addresses.get("ExternalIP", "<none>"),
        info.get("osImage") or "<unknown>",
        info.get("kernelVersion") or "<unknown>",
        info.get("containerRuntimeVersion") or "<unknown>",
    )


def _status(item: Json) -> str:
    conditions = objects.dig(item, "status", "conditions") or ()
    ready = next((one["status"] for one in conditions if one["type"] == "Ready"), "Unknown")
    text = {"True": "Ready", "False": "NotReady"}.get(ready, "Unknown")
    return text + (",SchedulingDisabled" if item.get("spec", {}).get("unschedulable") else "")


def _roles(labels: dict[str, str]) -> str:
    roles = {key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)}
    roles |= {labels["kubernetes.io/role"]} if labels.get("kubernetes.io/role") else set()
    return ",".join(sorted(role for role in roles if role)) or "<none>"


_WIDE = ("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime")


RECORD = Resource(
    "",
    "v1",
    "nodes",
    "Node",
    namespaced=False,
    short_names=("no",),
    columns=(
        NAME,
        Column("Status", description="The status of the node"),
        Column("Roles", description="The roles of the node"),
        AGE,
        Column("Version", description="Kubelet Version reported by the node."),
        *(Column(name, wide=True) for name in _WIDE),
    ),
    row=_row,
    hooks=Hooks(default=_default, validate=_validate, validate_update=_validate_update),
    fields={"spec.unschedulable": lambda item: str(bool(item.get("spec", {}).get("unschedulable"))).lower()},
    has_status=True,
    status_on_create=True,
)
