"""VolumeAttachment: that a volume is to be, or is, attached to a node. No driver of ours needs one."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.storage.csinode import driver_name
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules

_LARGEST = 256 * 1024
_LONGEST_MESSAGE = 1024


def _source(at: rules.At) -> Iterator[field.Error]:
    inline, name = at.get("inlineVolumeSpec"), at.get("persistentVolumeName")
    which = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
    if inline is None and name is None:
        yield field.required(at.path, which)
    elif inline is not None and name is not None:
        yield field.forbidden(at.path, which)
    elif name == "":
        here = at.path.child("persistentVolumeName")
        yield field.required(here, "must specify non empty persistentVolumeName")
        yield from (field.invalid(here, name, why) for why in names.dns_subdomain(name))


def _size(at: rules.At) -> Iterator[field.Error]:
    if sum(len(key) + len(value) for key, value in at.value.items()) > _LARGEST:
        yield field.too_long(at.path, _LARGEST)


def _volume_name(at: rules.At) -> Iterator[field.Error]:
    yield from (field.invalid(at.path, at.value, why) for why in names.dns_subdomain(at.value))


_ERROR = rules.field("message", rules.max_bytes(_LONGEST_MESSAGE))
_STATUS = rules.field(
    "status",
    rules.field("attachmentMetadata", _size),
    rules.field("attachError", _ERROR),
    rules.field("detachError", _ERROR),
)
RULES = (
    rules.field(
        "spec",
        rules.field("attacher", rules.required()),
        rules.field("source", rules.asks_nothing(_source)),
        rules.field("nodeName", rules.matches(names.dns_subdomain), otherwise=""),
        otherwise={},
    ),
    rules.when_creating(
        rules.field(
            "spec",
            rules.field("attacher", rules.asks_nothing(driver_name)),
            rules.field("source", rules.field("persistentVolumeName", _volume_name)),
        )
    ),
    rules.field("spec", rules.immutable()),
)


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    return (
        item["metadata"]["name"],
        spec["attacher"],
        spec["source"].get("persistentVolumeName", ""),
        spec["nodeName"],
        bool(objects.dig(item, "status", "attached")),
        cells.age(item["metadata"], now),
    )


def _no_status(item: Json) -> None:
    item["status"] = {"attached": False}


RECORD = Resource(
    "storage.k8s.io",
    "v1",
    "volumeattachments",
    "VolumeAttachment",
    namespaced=False,
    columns=(NAME, *(Column(name) for name in ("Attacher", "PV", "Node")), Column("Attached", "boolean"), AGE),
    row=_row,
    hooks=Hooks(create=_no_status),
    rules=RULES,
    status_rules=(_STATUS,),
    has_status=True,
    status_resets=(("metadata",),),
    unconditional_update=False,
)
