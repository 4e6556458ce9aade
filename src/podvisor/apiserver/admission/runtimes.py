"""Every pod runs in a runtime class that is there, with what that class adds (the plugin RuntimeClass).

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#runtimeclass
"""

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import status


async def runtime_class(change: Change, view: View) -> None:
    """Add the overhead and the places of the pod's class. Raises Forbidden where that is not there or contradicts."""
    new = change.new
    if change.operation != "CREATE" or change.resource.plural != "pods" or change.subresource or new is None:
        return
    spec = new["spec"]
    name = spec.get("runtimeClassName", "")
    found = await _class(change, view, name) if name else {}
    fixed: Json = objects.dig(found, "overhead", "podFixed") or {}
    if spec.get("overhead") and not fixed:
        raise _rejected(change, "Pod Overhead set without corresponding RuntimeClass defined Overhead")
    if fixed and spec.setdefault("overhead", dict(fixed)) != fixed:
        raise _rejected(change, "Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    _place(change, spec, found.get("scheduling") or {})


async def _class(change: Change, view: View, name: str) -> Json:
    classes = view.catalogue.get("node.k8s.io", "v1", "runtimeclasses")
    if (kv := await view.storage.find(classes, "", name)) is None:
        raise _rejected(change, f'RuntimeClass "{name}" not found')
    return objects.decode(classes, kv)


def _place(change: Change, spec: Json, scheduling: Json) -> None:
    """Narrow the nodes to those that have the runtime, and tolerate their taints."""
    own = spec.get("nodeSelector", {})
    for key, value in scheduling.get("nodeSelector", {}).items():
        if own.get(key, value) != value:
            why = f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value};"
            raise _rejected(change, f"{why} pod.spec.nodeSelector[{key}] = {own[key]}")
        spec["nodeSelector"] = own = own | {key: value}
    given: list[Json] = spec.get("tolerations", [])
    if added := [one for one in scheduling.get("tolerations", ()) if one not in given]:
        spec["tolerations"] = [*given, *added]


def _rejected(change: Change, why: str) -> status.Forbidden:
    return status.Forbidden(f"pod rejected: {why}", change.resource.subject(change.name))
