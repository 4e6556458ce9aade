"""PersistentVolume (https://kubernetes.io/docs/concepts/storage/persistent-volumes/)."""

from collections.abc import Iterator
from datetime import datetime
from posixpath import normpath

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.podspec import scheduling
from podvisor.apiserver.kinds.storage import common
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, formats, names, rules

_KINDS = (
    *("hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte"),
    *("cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk"),
    *("portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi"),
)
_POLICIES = ("Delete", "Recycle", "Retain")


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec["persistentVolumeReclaimPolicy"] = spec.get("persistentVolumeReclaimPolicy") or "Retain"
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    if "hostPath" in spec:
        spec["hostPath"].setdefault("type", "")
    if claim := spec.get("claimRef"):
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("apiVersion", "v1")
    item.setdefault("status", {}).setdefault("phase", "Pending")


def _create(item: Json) -> None:
    item["status"] = {"phase": "Pending"}
    item.setdefault("spec", {}).pop("volumeAttributesClassName", None)


def _capacity(at: rules.At) -> Iterator[field.Error]:
    given, path = at.mapping("capacity"), at.path.child("capacity")
    if not given:
        yield field.required(path)
    if [*given] != ["storage"]:
        yield field.unsupported(path, given or None, ("storage",))
    for name, value in given.items():
        yield from common.positive(value, path.key(name))


def _sources(at: rules.At) -> list[str]:
    return [kind for kind in _KINDS if kind in at.mapping()]


def _source(at: rules.At) -> Iterator[field.Error]:
    given = _sources(at)
    for kind in given[1:]:
        shown = "cephFS" if kind == "cephfs" else kind
        yield field.forbidden(at.path.child(shown), "may not specify more than 1 volume type")
    if "local" in given[:1] and "nodeAffinity" not in at.mapping():
        yield field.required(at.path.child("nodeAffinity"), "Local volume requires node affinity")
    if not given:
        yield field.required(at.path, "must specify a volume type")
    root = normpath(at.get("hostPath", "path") or ".") == "/"
    if root and at.get("persistentVolumeReclaimPolicy") == "Recycle":
        detail = "may not be 'recycle' for a hostPath mount of '/'"
        yield field.forbidden(at.path.child("persistentVolumeReclaimPolicy"), detail)


def _source_stays(at: rules.At) -> Iterator[field.Error]:
    old: Json = at.old or {}
    if at.updating and any(at.get(kind) != old.get(kind) for kind in _KINDS):
        detail = "spec.persistentvolumesource is immutable after creation"
        yield field.forbidden(at.path.child("persistentvolumesource"), detail)


def _affinity_stays(at: rules.At) -> Iterator[field.Error]:
    if at.updating and at.old is not None and at.value != at.old:
        yield field.invalid(at.path, at.value, "field is immutable, except for updating from beta label to GA")


RULES = (
    rules.field(
        "spec",
        rules.field("accessModes", rules.required()),
        common.ACCESS_MODES,
        _capacity,
        rules.field("persistentVolumeReclaimPolicy", rules.one_of(*_POLICIES)),
        rules.optional(
            "nodeAffinity",
            rules.field("required", rules.required("must specify required node constraints")),
            rules.optional("required", scheduling.NODE_SELECTOR_TERMS),
        ),
        rules.optional("hostPath", rules.field("path", rules.required(), rules.matches(formats.no_backsteps))),
        rules.optional("local", rules.field("path", rules.required(), rules.matches(formats.no_backsteps))),
        rules.optional(
            "csi",
            rules.field("driver", rules.required(), rules.matches(names.dns_subdomain), otherwise=""),
            rules.field("volumeHandle", rules.required()),
        ),
        _source,
        rules.field("storageClassName", common.CLASS_NAME),
        rules.field("volumeMode", common.MODE),
    ),
    rules.when_updating(
        rules.field("spec", _source_stays),
        rules.field("spec", common.stays("volumeMode", "volumeMode"), shown=""),
        rules.field("spec", rules.field("nodeAffinity", rules.asks_nothing(_affinity_stays)), shown=""),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    spec, status = item["spec"], item.get("status", {})
    claim = spec.get("claimRef", {})
    phase = "Terminating" if "deletionTimestamp" in item["metadata"] else status.get("phase", "")
    return (
        item["metadata"]["name"],
        spec.get("capacity", {}).get("storage", "0"),
        common.short_modes(spec.get("accessModes")),
        spec["persistentVolumeReclaimPolicy"],
        phase,
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        spec.get("storageClassName", ""),
        "<unset>",
        status.get("reason", ""),
        cells.age(item["metadata"], now),
        spec.get("volumeMode", "<unset>"),
    )


_COLUMNS = (
    *("Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass"),
    *("VolumeAttributesClass", "Reason"),
)
RECORD = Resource(
    "",
    "v1",
    "persistentvolumes",
    "PersistentVolume",
    namespaced=False,
    short_names=("pv",),
    columns=(NAME, *map(Column, _COLUMNS), AGE, Column("VolumeMode", wide=True)),
    row=_row,
    hooks=Hooks(default=_default, create=_create),
    rules=RULES,
    has_status=True,
)
