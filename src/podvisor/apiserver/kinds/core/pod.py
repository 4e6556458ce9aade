"""Pod."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

import orjson

from podvisor.apiserver import objects
from podvisor.apiserver.kinds.podspec import containers, defaults, table
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import Hooks, Json, Resource, Subresource
from podvisor.types import field, formats, names, quantity, rules
from podvisor.types.field import Path

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
    spec = item.setdefault("spec", {})
    spec.pop("ephemeralContainers", None)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        # Old clients asked for no grace by a negative number; the real server makes it 1 as well.
        spec["terminationGracePeriodSeconds"] = 1
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


def _fixed_spec(at: rules.At) -> Iterator[field.Error]:
    """What may change is listed; a gated pod may also be sent to fewer nodes."""
    lists = ("containers", "initContainers")
    if not at.updating or any(len(at.listed(name)) != len(at.old.get(name, ())) for name in lists):
        return
    if changed := list(islice(_differences(_fixed(at.old, at.old), _fixed(at.value, at.old), at.path), _SHOWN)):
        yield field.forbidden(at.path, "\n  ".join((_FIXED, *changed)))


def _fixed(spec: Json, old: Json) -> Json:
    """What an update may not change."""
    copy = orjson.loads(orjson.dumps(spec))
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        copy.pop(name, None)
    for kind in ("containers", "initContainers"):
        for one in copy.get(kind, ()):
            one.pop("image", None)
    if old.get("terminationGracePeriodSeconds", 0) < 0 and copy.get("terminationGracePeriodSeconds") == 1:
        copy["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    if old.get("schedulingGates"):
        copy.pop("nodeSelector", None)
        copy.get("affinity", {}).pop("nodeAffinity", None)
        if not copy.get("affinity", True):
            del copy["affinity"]
    return copy


def _same_number(at: rules.At) -> Iterator[field.Error]:
    if at.updating and len(at.value or ()) != len(at.old or ()):
        yield field.forbidden(at.path, "pod updates may not add or remove containers")


def _deadline_shrinks(at: rules.At) -> Iterator[field.Error]:
    if not at.updating or at.old is None:
        return
    if at.value is None:
        yield field.invalid(at.path, None, "must not update from a positive integer to nil value")
    elif at.value > at.old:
        yield field.invalid(at.path, at.value, "must be less than or equal to previous value")


def _tolerations_stay(at: rules.At) -> Iterator[field.Error]:
    """Only the seconds of one that is there may change."""
    if not at.updating:
        return
    kept = [_without_seconds(one) for one in at.value or ()]
    for one in at.old or ():
        if _without_seconds(one) not in kept:
            yield field.forbidden(at.path, "existing toleration can not be modified except its tolerationSeconds")


def _without_seconds(toleration: Json) -> Json:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def _gates_go(at: rules.At) -> Iterator[field.Error]:
    if not at.updating:
        return
    known = [one.get("name") for one in at.old or ()]
    for index, gate in enumerate(at.value or ()):
        if gate.get("name") not in known:
            detail = "only deletion is allowed, but found new scheduling gate"
            yield field.forbidden(at.path.at(index).child("name"), f"{detail} '{gate.get('name')}'")


def _selector_grows(at: rules.At) -> Iterator[field.Error]:
    """The node selector of a gated pod may become stricter."""
    if at.updating and at.old.get("schedulingGates"):
        before, after = at.old.get("nodeSelector", {}), at.mapping("nodeSelector")
        if any(after.get(key) != value for key, value in before.items()):
            path = at.path.child("nodeSelector")
            yield field.invalid(
                path, after, "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            )


def _tokens_have_an_account(at: rules.At) -> Iterator[field.Error]:
    if at.get("serviceAccountName"):
        return
    for index, volume in enumerate(at.listed("volumes")):
        for place, source in enumerate(volume.get("projected", {}).get("sources", ())):
            if "serviceAccountToken" in source:
                here = at.path.child("volumes").at(index).child("projected", "sources").at(place)
                detail = "must not be specified when serviceAccountName is not set"
                yield field.forbidden(here.child("serviceAccountToken"), detail)


_IMAGES = tuple(rules.field(kind, rules.each(containers.IMAGE_OF_POD)) for kind in ("containers", "initContainers"))
RULES = (
    *podspec.ANNOTATIONS,
    podspec.of("spec"),
    rules.field("spec", _tokens_have_an_account, *_IMAGES),
    rules.when_creating(
        rules.field(
            "spec",
            rules.when(
                rules.given("schedulingGates"),
                rules.field("nodeName", rules.forbidden("cannot be set until all schedulingGates have been cleared")),
            ),
        ),
    ),
    rules.when_updating(
        rules.field(
            "spec",
            *(rules.field(kind, rules.asks_nothing(_same_number)) for kind in ("containers", "initContainers")),
            rules.field("activeDeadlineSeconds", rules.asks_nothing(_deadline_shrinks)),
            rules.field("tolerations", rules.asks_nothing(_tolerations_stay)),
            rules.field("schedulingGates", rules.asks_nothing(_gates_go)),
            _selector_grows,
            _fixed_spec,
        ),
    ),
)


def _condition_type(at: rules.At) -> Iterator[field.Error]:
    if at.get("type") not in ("PodScheduled", "Ready", "Initialized"):
        value = at.get("type") or ""
        yield from (field.invalid(at.path.child("Type"), value, why) for why in names.qualified(value))


def _no_restart_undone(at: rules.At) -> Iterator[field.Error]:
    """A container that has ended for good does not run again."""
    policy = at.get("spec", "restartPolicy")
    if not at.updating or policy == "Always":
        return
    before = {one.get("name"): one for one in objects.dig(at.old, "status", "containerStatuses") or ()}
    for index, one in enumerate(at.listed("status", "containerStatuses")):
        ended = objects.dig(before.get(one.get("name")), "state", "terminated")
        if ended is None or "terminated" in one.get("state", {}):
            continue
        if not ended.get("exitCode") or policy == "Never":
            here = at.path.child("status", "containerStatuses").at(index).child("state")
            yield field.forbidden(here, "may not be transitioned to non-terminated state")


STATUS_RULES = (
    rules.field(
        "status",
        rules.field("conditions", rules.each(_condition_type)),
        rules.field("nominatedNodeName", rules.matches(names.dns_subdomain)),
        rules.field(
            "observedGeneration",
            rules.when(lambda at: (at.value or 0) < 0, rules.invalid("must be a non-negative integer")),
        ),
        rules.field("podIPs", rules.each(rules.field("ip", rules.matches(formats.ip), shown=""))),
        rules.field("hostIPs", rules.each(rules.field("ip", rules.matches(formats.ip), shown=""))),
    ),
    _no_restart_undone,
)


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
        status=_status,
        grace=_grace,
    ),
    fields={name: objects.text(*name.split(".")) for name in (*_FIELDS, *_STATUS_FIELDS)},
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    status_resets=(("metadata", "deletionTimestamp"), ("metadata", "ownerReferences")),
    subresources=(
        Subresource("attach", ("create", "get"), "PodAttachOptions"),
        Subresource("binding", ("create",), "Binding"),
        Subresource("eviction", ("create",), "Eviction", "policy", "v1"),
        Subresource("exec", ("create", "get"), "PodExecOptions"),
        Subresource("log", ("get",)),
        Subresource("portforward", ("create", "get"), "PodPortForwardOptions"),
        Subresource("proxy", ("create", "delete", "get", "patch", "update"), "PodProxyOptions"),
    ),
)
