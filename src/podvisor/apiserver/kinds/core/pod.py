"""Pod and PodTemplate."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

import orjson

from podvisor.apiserver import objects
from podvisor.apiserver.kinds.podspec import defaults, table
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import Hooks, Json, Resource, Subresource
from podvisor.types import field, quantity
from podvisor.types.field import Path

_SPEC = Path("spec")
_SHOWN = 10
"""Changes that a refusal names at most."""
_FIXED = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _default(item: Json) -> None:
    item.setdefault("spec", {})
    defaults.pod(item["spec"])


def _create(item: Json) -> None:
    item.setdefault("spec", {}).pop("ephemeralContainers", None)
    item["status"] = {"phase": "Pending", "qosClass": qos_class(item["spec"])}


def qos_class(spec: Json) -> str:
    """https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"""
    every = [one.get("resources", {}) for kind in ("containers", "initContainers") for one in spec.get(kind, ())]
    if not any(_amounts(one.get(kind)) for one in every for kind in ("limits", "requests")):
        return "BestEffort"
    guaranteed = all(
        (limits := _amounts(one.get("limits"))).keys() == {"cpu", "memory"}
        and limits | _amounts(one.get("requests")) == limits
        for one in every
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _amounts(given: Any) -> dict[str, quantity.Quantity]:
    amounts: dict[str, str] = given or {}
    found = {name: quantity.parse(amount) for name, amount in amounts.items() if name in ("cpu", "memory")}
    return {name: amount for name, amount in found.items() if amount.amount}


def _validate(item: Json) -> Iterator[field.Error]:
    return podspec.validate(item["spec"], _SPEC)


def _validate_update(new: Json, old: Json) -> Iterator[field.Error]:
    if len(new["spec"].get("containers", ())) != len(old["spec"]["containers"]):
        yield field.forbidden("spec.containers", "pod updates may not add or remove containers")
        return
    before, after = old["spec"], new["spec"]
    if any(one not in after.get("tolerations", ()) for one in before.get("tolerations", ())):
        yield field.forbidden(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )
    deadline, earlier = after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if earlier is not None and (deadline is None or deadline > earlier):
        detail = (
            "must be less than or equal to previous value"
            if deadline
            else "must not update from a positive integer to nil value"
        )
        yield field.invalid("spec.activeDeadlineSeconds", deadline, detail)
    if changed := list(islice(_differences(_fixed(before), _fixed(after), _SPEC), _SHOWN)):
        yield field.forbidden("spec", "\n  ".join((_FIXED, *changed)))


def _fixed(spec: Json) -> Json:
    """What an update may not change."""
    copy = orjson.loads(orjson.dumps(spec))
    for name in ("activeDeadlineSeconds", "tolerations"):
        copy.pop(name, None)
    for kind in ("containers", "initContainers"):
        for one in copy.get(kind, ()):
            one.pop("image", None)
    return copy


def _differences(old: Any, new: Any, path: Path) -> Iterator[str]:
    """Each place where two values differ, in words."""
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("Json", old), cast("Json", new)
        for name in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(name), after.get(name), path.child(name))
    elif isinstance(old, list) and isinstance(new, list) and len(cast("list[Any]", old)) == len(cast("list[Any]", new)):
        for index, (one, other) in enumerate(zip(cast("list[Any]", old), cast("list[Any]", new), strict=True)):
            yield from _differences(one, other, path.at(index))
    elif old != new:
        yield f"{path}: {field.shown(old)} became {field.shown(new)}"


def _status(new: Json, old: Json) -> None:
    """A pod keeps its quality of service for life."""
    new.setdefault("status", {})
    if quality := objects.dig(old, "status", "qosClass"):
        new["status"]["qosClass"] = quality


def _grace(item: Json, asked: int | None) -> int:
    """A pod that nobody runs, or that is done, ends at once."""
    if not item["spec"].get("nodeName") or objects.dig(item, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    grace = item["spec"].get("terminationGracePeriodSeconds", 30) if asked is None else asked
    return 1 if grace < 0 else grace


_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork")
_STATUS_FIELDS = ("status.phase", "status.podIP", "status.nominatedNodeName")


RECORD = Resource(
    "",
    "v1",
    "pods",
    "Pod",
    short_names=("po",),
    categories=("all",),
    columns=table.COLUMNS,
    row=table.row,
    hooks=Hooks(
        default=_default,
        create=_create,
        validate=_validate,
        validate_update=_validate_update,
        status=_status,
        grace=_grace,
    ),
    fields={name: objects.text(*name.split(".")) for name in (*_FIELDS, *_STATUS_FIELDS)},
    has_status=True,
    subresources=(
        Subresource("attach", ("create", "get"), "PodAttachOptions"),
        Subresource("binding", ("create",), "Binding"),
        Subresource("eviction", ("create",), "Eviction", "policy", "v1"),
        Subresource("exec", ("create", "get"), "PodExecOptions"),
        Subresource("log", ("get",)),
    ),
)
