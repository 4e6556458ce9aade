"""PersistentVolumeClaim (https://kubernetes.io/docs/concepts/storage/persistent-volumes/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.podspec import resources
from podvisor.apiserver.kinds.storage import common
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, quantity, rules, usage

_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    item.setdefault("status", {}).setdefault("phase", "Pending")


def _create(item: Json) -> None:
    item["status"] = {"phase": "Pending"}
    spec = item.setdefault("spec", {})
    spec.pop("volumeAttributesClassName", None)
    if "dataSource" in spec and "dataSourceRef" not in spec:
        spec["dataSourceRef"] = dict(spec["dataSource"])


def _size(at: rules.At) -> Iterator[field.Error]:
    path = at.path.child("resources").key("storage")
    if (size := at.get("resources", "requests", "storage")) is None:
        yield field.required(path)
    elif wrong := [*common.positive(size, path)]:
        yield from wrong
    else:
        yield from resources.amount("storage", size, path)


def _data_source(at: rules.At) -> Iterator[field.Error]:
    kind, group = at.get("kind") or "", at.get("apiGroup") or ""
    if not at.get("name"):
        yield field.required(at.path.child("name"))
    if not kind:
        yield field.required(at.path.child("kind"))
    if not group and kind != "PersistentVolumeClaim":
        yield field.invalid(at.path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
    elif group:
        yield from (field.invalid(at.path.child("apiGroup"), group, why) for why in names.dns_subdomain(group))


SPEC = (
    rules.field("accessModes", rules.required("at least 1 access mode is required")),
    rules.field("selector", rules.selector()),
    common.ACCESS_MODES,
    _size,
    rules.field("storageClassName", common.CLASS_NAME),
    rules.field("volumeMode", common.MODE),
    rules.optional("dataSource", _data_source),
    rules.optional("dataSourceRef", _data_source),
)
"""The rules of a claim's spec, in a claim or in a template of one."""


def _spec_stays(at: rules.At) -> Iterator[field.Error]:
    """A volume is named once, by whoever binds; a bound claim may ask for more."""
    if not at.updating:
        return
    old: Json = at.old
    new: Json = at.value
    before: Json = old["spec"]
    after: Json = dict(new["spec"])
    if not before.get("volumeName"):
        after.pop("volumeName", None)
    if objects.dig(old, "status", "phase") == "Bound":
        asked = {**after.get("resources", {}), "requests": objects.dig(before, "resources", "requests")}
        after["resources"] = asked
    path = field.Path("spec")
    if after != {name: value for name, value in before.items() if name != "volumeName" or value}:
        yield field.forbidden(path, _FIXED)
    asks = [quantity.parse(objects.dig(one, "spec", "resources", "requests", "storage") or "0") for one in (old, new)]
    has = quantity.parse(objects.dig(old, "status", "capacity", "storage") or "0")
    if asks[1] < asks[0] and asks[1] <= has:
        detail = "field can not be less than status.capacity"
        yield field.forbidden(path.child("resources", "requests", "storage"), detail)


RULES = (
    rules.field("spec", *SPEC),
    _spec_stays,
    rules.when_updating(rules.field("spec", common.stays("volumeMode", "volumeMode"), shown="")),
)


def _amounts(at: rules.At) -> Iterator[field.Error]:
    for name, value in at.value.items():
        yield from resources.amount(name, value, at.path.key(name))


STATUS_RULES = (rules.field("status", rules.field("capacity", _amounts), rules.field("allocatedResources", _amounts)),)


def _row(item: Json, now: datetime) -> Cells:
    spec, status = item["spec"], item.get("status", {})
    phase = "Terminating" if "deletionTimestamp" in item["metadata"] else status.get("phase", "")
    volume = spec.get("volumeName", "")
    capacity = status.get("capacity", {}).get("storage", "0") if volume else ""
    modes = common.short_modes(status.get("accessModes")) if volume else ""
    shown = (usage.class_of(item), "<unset>", cells.age(item["metadata"], now), spec.get("volumeMode", "<unset>"))
    return (item["metadata"]["name"], phase, volume, capacity, modes, *shown)


_COLUMNS = ("Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass")
RECORD = Resource(
    "",
    "v1",
    "persistentvolumeclaims",
    "PersistentVolumeClaim",
    short_names=("pvc",),
    columns=(NAME, *map(Column, _COLUMNS), AGE, Column("VolumeMode", wide=True)),
    row=_row,
    hooks=Hooks(default=_default, create=_create),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
)
