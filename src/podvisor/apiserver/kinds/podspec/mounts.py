"""Rules for the volume mounts and devices of a container."""

from collections.abc import Iterator

from podvisor.types import field, formats, rules
from podvisor.types.field import Error

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIVE = ("Disabled", "Enabled", "IfPossible")


def _known_volume(at: rules.At) -> Iterator[Error]:
    name = at.get("name") or ""
    if not any(volume.get("name") == name for volume in at.inside("pod").listed("volumes")):
        yield field.not_found(at.path.child("name"), name)


def _unique_places(at: rules.At) -> Iterator[Error]:
    seen: set[str] = set()
    for mount in at.items():
        place = mount.get("mountPath") or ""
        if place in seen:
            yield field.invalid(mount.path.child("mountPath"), place, "must be unique")
        seen.add(place)


def _no_device(at: rules.At) -> Iterator[Error]:
    for device in at.inside("container").listed("volumeDevices"):
        if at.get("name") and device.get("name") == at.get("name"):
            yield field.invalid(at.path.child("name"), at.get("name"), "must not already exist in volumeDevices")
        if at.get("mountPath") and device.get("devicePath") == at.get("mountPath"):
            detail = "must not already exist as a path in volumeDevices"
            yield field.invalid(at.path.child("mountPath"), at.get("mountPath"), detail)


def _one_sub_path(at: rules.At) -> Iterator[Error]:
    if at.get("subPath") and at.get("subPathExpr"):
        detail = "subPathExpr and subPath are mutually exclusive"
        yield field.invalid(at.path.child("subPathExpr"), at.get("subPathExpr"), detail)


def _privileged_only(at: rules.At) -> Iterator[Error]:
    privileged = at.inside("container").get("securityContext", "privileged")
    if at.value == "Bidirectional" and not privileged:
        yield field.forbidden(at.path, "Bidirectional mount propagation is available only to privileged containers")


def _recursive(at: rules.At) -> Iterator[Error]:
    mode = at.get("recursiveReadOnly")
    path = at.path.child("recursiveReadOnly")
    if mode in ("Enabled", "IfPossible"):
        if not at.get("readOnly"):
            yield field.forbidden(path, "may only be specified when readOnly is true")
        if at.get("mountPropagation") not in (None, "None"):
            yield field.forbidden(path, "may only be specified when mountPropagation is None or not specified")


def _devices(at: rules.At) -> Iterator[Error]:
    kinds = {volume.get("name"): volume for volume in at.inside("pod").listed("volumes")}
    for device in at.items():
        path, name = device.path.child("name"), device.get("name") or ""
        if name in kinds and not {"persistentVolumeClaim", "ephemeral"} & set(kinds[name]):
            detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            yield field.invalid(path, name, detail)
        if name not in kinds:
            yield field.not_found(path, name)


def _no_backsteps(value: str) -> Iterator[str]:
    if [*formats.no_backsteps(value)]:
        yield "can not contain backsteps ('..')"


def _no_mount(at: rules.At) -> Iterator[Error]:
    for mount in at.inside("container").listed("volumeMounts"):
        if at.get("name") and mount.get("name") == at.get("name"):
            yield field.invalid(at.path.child("name"), at.get("name"), "must not already exist in volumeMounts")
        if at.get("devicePath") and mount.get("mountPath") == at.get("devicePath"):
            detail = "must not already exist as a path in volumeMounts"
            yield field.invalid(at.path.child("devicePath"), at.get("devicePath"), detail)


RULES = (
    rules.field(
        "volumeMounts",
        rules.each(
            rules.field("name", rules.required()),
            _known_volume,
            rules.field("mountPath", rules.required()),
            _no_device,
            _one_sub_path,
        ),
        _unique_places,
        rules.each(
            rules.field("subPath", rules.matches(formats.descending)),
            rules.field("subPathExpr", rules.matches(formats.descending)),
            rules.field("mountPropagation", rules.one_of(*_PROPAGATIONS), _privileged_only),
            _recursive,
            rules.field("recursiveReadOnly", rules.one_of(*_RECURSIVE)),
            indexed=False,
        ),
    ),
    rules.field(
        "volumeDevices",
        rules.each(rules.field("name", rules.required())),
        _devices,
        rules.each(
            rules.field("devicePath", rules.required(), rules.matches(_no_backsteps)),
            _no_mount,
        ),
    ),
)
