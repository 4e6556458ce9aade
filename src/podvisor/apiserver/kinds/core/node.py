"""Node."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.podspec import resources, scheduling
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Subresource
from podvisor.types import field, formats, names, rules

_ROLE = "node-role.kubernetes.io/"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    # Two names of one thing: each is filled from the other, as upstream's conversion does.
    if spec.get("podCIDR") and not spec.get("podCIDRs"):
        spec["podCIDRs"] = [spec["podCIDR"]]
    elif spec.get("podCIDRs"):
        spec["podCIDR"] = spec["podCIDRs"][0]
    status = item.setdefault("status", {})
    if "capacity" in status:
        status.setdefault("allocatable", dict(status["capacity"]))


def _effect(at: rules.At) -> Iterator[field.Error]:
    if not at.value:
        yield field.required(at.path)
    else:
        yield from rules.one_of(*scheduling.EFFECTS).check(at)


def _value(at: rules.At) -> Iterator[field.Error]:
    """All that is wrong is one error."""
    if wrong := [*names.label_value(at.value, field.ROOT)]:
        why = ";".join(error.message.partition(": ")[2].partition(": ")[2] for error in wrong)
        yield field.invalid(at.path, at.value, why)


def _amounts(at: rules.At) -> Iterator[field.Error]:
    """The names are fields in the paths of these errors."""
    for name, value in at.value.items():
        yield from resources.amount(name, value, at.path.child(name))


def _families(at: rules.At) -> Iterator[field.Error]:
    found = [network.version for value in at.value if (network := formats.network(value))]
    if len(at.value) > 2 or len(set(found)) < len(found):
        yield field.invalid(at.path, at.value, "may specify no more than one CIDR for each IP family")


def _stays(name: str, detail: str) -> rules.Rule:
    def objections(at: rules.At) -> Iterator[field.Error]:
        if at.updating and at.old and at.value != at.old:
            yield field.forbidden(at.path, detail)

    return rules.field(name, rules.Check(f"stays({name})", objections, asks_nothing=True))


_TAINTS = rules.field(
    "spec",
    rules.field(
        "taints",
        rules.each(
            rules.field("key", scheduling.LABEL_KEY),
            rules.field("value", _value),
            rules.field("effect", rules.asks_nothing(_effect)),
        ),
        rules.unique_by("key", "effect"),
    ),
    shown="metadata",
)
"""Their path is upstream's."""
_SIZES = rules.field("status", *(rules.field(name, _amounts) for name in ("capacity", "allocatable")))
RULES = (
    rules.when_creating(
        _TAINTS,
        _SIZES,
        rules.field("spec", rules.field("podCIDRs", rules.each(rules.matches(formats.cidr)), _families)),
    ),
    rules.when_updating(
        _SIZES,
        rules.field("status", rules.field("addresses", rules.unique_by("type", "address"))),
        rules.field(
            "spec",
            _stays("podCIDRs", 'node updates may not change podCIDR except from "" to valid'),
            _stays("providerID", 'node updates may not change providerID except from "" to valid'),
        ),
        _TAINTS,
    ),
)
STATUS_RULES = (_SIZES, rules.field("status", rules.field("addresses", rules.unique_by("type", "address"))))


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
    hooks=Hooks(default=_default),
    rules=RULES,
    status_rules=STATUS_RULES,
    fields={"spec.unschedulable": lambda item: str(bool(item.get("spec", {}).get("unschedulable"))).lower()},
    has_status=True,
    subresources=(Subresource("proxy", ("create", "delete", "get", "patch", "update"), "NodeProxyOptions"),),
    status_on_create=True,
)
