"""What writing and deleting do to one object, whoever stores it."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from podvisor.sdk.objects.meta import seconds
from podvisor.testing.memory.kinds import Kind

Object = dict[str, Any]
Edit = Callable[[Object], Object]

SYSTEM_OWNED = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
"""Metadata that no caller may set."""


def prepared(kind: Kind, thing: Object, namespace: str, now: datetime) -> Object:
    """A new object as a server completes it."""
    meta = thing.setdefault("metadata", {})
    for name in SYSTEM_OWNED:
        meta.pop(name, None)
    if kind.resource.namespaced:
        meta["namespace"] = namespace
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
    meta |= {"uid": str(uuid.uuid4()), "creationTimestamp": seconds(now), "generation": 1}
    thing |= {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind}
    if "status" in kind.subresources:
        thing["status"] = {}
    if kind.resource.plural == "pods":
        thing["status"] = {"phase": "Pending"}
    if kind.resource.plural == "namespaces":
        thing["spec"] = {"finalizers": ["kubernetes"]}
        thing["status"] = {"phase": "Active"}
        meta["labels"] = {**(meta.get("labels") or {}), "kubernetes.io/metadata.name": meta["name"]}
    return thing


def updated(kind: Kind, old: Object, new: Object, subresource: str) -> Object:
    """`new` as it may be stored over `old`: system-owned fields stay, and each door changes its own half."""
    for name in SYSTEM_OWNED:
        _carry(old["metadata"], new["metadata"], name)
    if subresource == "status":
        new = {**old, "metadata": {**old["metadata"], **_open_to_status(new["metadata"])}, "status": new.get("status")}
        return {name: value for name, value in new.items() if value is not None}
    if "status" in kind.subresources:
        _carry(old, new, "status")
    if kind.resource.plural == "namespaces" and subresource != "finalize":
        _carry(old, new, "spec")
    if _desired(old) != _desired(new):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    return new


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return patch
    result: Object = dict(cast("Object", target)) if isinstance(target, dict) else {}
    for name, value in cast("Mapping[str, Any]", patch).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def removable(kind: Kind, thing: Object) -> bool:
    """Whether a deletion that was asked for has nothing left to wait for."""
    meta = thing["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    if kind.resource.plural == "namespaces":
        return not thing["spec"].get("finalizers")
    return not meta.get("deletionGracePeriodSeconds")


def marked(kind: Kind, thing: Object, options: Mapping[str, Any], now: datetime) -> Object:
    """An object whose deletion begins: with its time, its grace period and the finalizer of its propagation policy."""
    meta = thing["metadata"]
    grace = _grace(kind, thing, options)
    if "deletionTimestamp" not in meta or grace < meta.get("deletionGracePeriodSeconds", 0):
        meta["deletionTimestamp"] = seconds(now + timedelta(seconds=grace))
        meta["deletionGracePeriodSeconds"] = grace
        meta["generation"] = meta.get("generation", 0) + 1
    if kind.resource.plural == "namespaces":
        thing["status"] = {**thing.get("status", {}), "phase": "Terminating"}
    finalizer = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(options.get("propagationPolicy", ""))
    if finalizer and finalizer not in meta.setdefault("finalizers", []):
        meta["finalizers"].append(finalizer)
    return thing


def _grace(kind: Kind, thing: Object, options: Mapping[str, Any]) -> int:
    if kind.resource.plural != "pods":
        return 0
    ended = thing.get("status", {}).get("phase") in ("Succeeded", "Failed")
    if ended or not thing.get("spec", {}).get("nodeName"):
        return 0
    wanted: int | None = options.get("gracePeriodSeconds")
    return thing["spec"].get("terminationGracePeriodSeconds", 30) if wanted is None else wanted


def _desired(thing: Object) -> Object:
    return {name: value for name, value in thing.items() if name not in ("metadata", "status", "apiVersion", "kind")}


def _carry(old: Object, new: Object, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)


def _open_to_status(meta: Object) -> Object:
    return {name: meta[name] for name in ("labels", "annotations") if name in meta}
