"""StorageClass (https://kubernetes.io/docs/concepts/storage/storage-classes/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules

DEFAULT = "storageclass.kubernetes.io/is-default-class"
_OLD_DEFAULT = "storageclass.beta.kubernetes.io/is-default-class"
_LARGEST = 256 * 1024
_MOST = 512


def new() -> Json:
    """The class that every cluster has: directories of the node, made for the first pod that uses the claim."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "standard", "annotations": {DEFAULT: "true"}},
        "provisioner": "podvisor.io/directory",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def is_default(item: Json) -> bool:
    """True if claims that name no class get this one."""
    annotations = item["metadata"].get("annotations", {})
    return "true" in (annotations.get(DEFAULT), annotations.get(_OLD_DEFAULT))


def _default(item: Json) -> None:
    item["reclaimPolicy"] = item.get("reclaimPolicy") or "Delete"
    item["volumeBindingMode"] = item.get("volumeBindingMode") or "Immediate"


def _provisioner(at: rules.At) -> Iterator[field.Error]:
    if not at.value:
        yield field.required(at.path)
    else:
        yield from (field.invalid(at.path, at.value, why) for why in names.qualified(at.value.lower()))


def _parameters(at: rules.At) -> Iterator[field.Error]:
    if len(at.value) > _MOST:
        yield field.too_long(at.path, _MOST)
    if "" in at.value:
        yield field.invalid(at.path, "", "field can not be empty.")
    if sum(len(key.encode()) + len(value.encode()) for key, value in at.value.items()) > _LARGEST:
        yield field.too_long(at.path, _LARGEST)


def _stays(name: str, shown: str = "") -> rules.Node:
    detail = f"updates to {shown or name} are forbidden."
    return rules.field(name, rules.forbidden_change(detail))


RULES = (
    rules.when_updating(_stays("parameters"), _stays("provisioner"), _stays("reclaimPolicy")),
    rules.when_updating(rules.field("volumeBindingMode", rules.immutable())),
    rules.when_creating(
        rules.field("provisioner", rules.asks_nothing(_provisioner)),
        rules.field("parameters", _parameters),
        rules.field("reclaimPolicy", rules.one_of("Delete", "Retain")),
        rules.field("volumeBindingMode", rules.one_of("Immediate", "WaitForFirstConsumer")),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    name = item["metadata"]["name"] + (" (default)" if is_default(item) else "")
    expands = "true" if item.get("allowVolumeExpansion") else "false"
    modes = (item["reclaimPolicy"], item["volumeBindingMode"])
    return (name, item["provisioner"], *modes, expands, cells.age(item["metadata"], now))


_COLUMNS = ("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion")
RECORD = Resource(
    "storage.k8s.io",
    "v1",
    "storageclasses",
    "StorageClass",
    namespaced=False,
    short_names=("sc",),
    columns=(NAME, *map(Column, _COLUMNS), AGE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
)
