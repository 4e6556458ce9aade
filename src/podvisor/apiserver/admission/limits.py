"""What pods and claims may ask for in a namespace, and what containers get that do not ask (the plugin LimitRanger).

https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.kinds.core import pod
from podvisor.apiserver.resource import Json
from podvisor.types import amounts, status
from podvisor.types.amounts import Amounts
from podvisor.types.quantity import Quantity

_NOTE = "kubernetes.io/limit-ranger"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a container, a pod or a claim asks for; `kind` is what limits and errors call it."""

    kind: str
    requests: Amounts
    limits: Amounts


async def limit_defaults(change: Change, view: View) -> None:
    """Give every container of a new pod what it does not ask for."""
    if change.new is None or not _is_new(change, "pods"):
        return
    for limit_range in await _ranges(change, view):
        set_defaults(change.new, limit_range)
    change.new["status"]["qosClass"] = pod.qos_class(change.new["spec"])


async def limit_range(change: Change, view: View) -> None:
    """Raises Forbidden where a new pod, or a claim, asks for too little or too much."""
    if change.new is None:
        return
    if _is_new(change, "pods"):
        asked = [*asked_by_pod(change.new["spec"])]
    elif _is_claim(change):
        asked = [asked_by_claim(change.new["spec"])]
    else:
        return
    for one in await _ranges(change, view):
        if wrong := list(dict.fromkeys(objections(one, asked))):
            why = wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]"
            raise status.Forbidden(why, change.resource.subject(change.name))


def set_defaults(item: Json, limit_range: Json) -> None:
    """Give a pod's containers the defaults of one LimitRange, and note what was given."""
    defaults: dict[str, Json] = {"requests": {}, "limits": {}}
    for limit in limit_range["spec"].get("limits", ()):
        if limit["type"] == "Container":
            defaults["requests"] |= limit.get("defaultRequest", {})
            defaults["limits"] |= limit.get("default", {})
    notes: list[str] = []
    for kind, word in (("containers", "container"), ("initContainers", "init container")):
        for container in item["spec"].get(kind, ()):
            notes += _merge(container, defaults, word)
    if notes:
        item["metadata"].setdefault("annotations", {})[_NOTE] = f"LimitRanger plugin set: {'; '.join(notes)}"


def _merge(container: Json, defaults: dict[str, Json], word: str) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for kind, singular in (("requests", "request"), ("limits", "limit")):
        own = resources.get(kind, {})
        if given := {name: amount for name, amount in defaults[kind].items() if name not in own}:
            resources[kind] = own | given
            yield f"{', '.join(sorted(given))} {singular} for {word} {container['name']}"


def asked_by_pod(spec: Json) -> Iterator[Asked]:
    """What each container asks for, and the pod as a whole."""
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        both = (amounts.of_container(container, kind) for kind in ("requests", "limits"))
        yield Asked("Container", *both)
    yield Asked("Pod", amounts.of_pod(spec, "requests"), amounts.of_pod(spec, "limits"))


def asked_by_claim(spec: Json) -> Asked:
    """What a claim asks for; its limits say nothing."""
    return Asked("PersistentVolumeClaim", amounts.parse(spec.get("resources", {}).get("requests")), {})


def objections(limit_range: Json, asked: Iterable[Asked]) -> Iterator[str]:
    """What is too little or too much, in the real server's words."""
    for limit in limit_range["spec"].get("limits", ()):
        for one in asked:
            if one.kind == limit["type"]:
                yield from _objections(limit, one)


def _objections(limit: Json, one: Asked) -> Iterator[str]:
    for name, least in amounts.parse(limit.get("min")).items():
        yield from _at_least(f"minimum {name} usage per {one.kind} is {least}", name, least, one)
    for name, most in amounts.parse(limit.get("max")).items():
        yield from _at_most(f"maximum {name} usage per {one.kind} is {most}", name, most, one)
    for name, ratio in amounts.parse(limit.get("maxLimitRequestRatio")).items():
        text = f"{name} max limit to request ratio per {one.kind} is {ratio}"
        yield from _ratio(text, ratio, one.requests.get(name), one.limits.get(name))


def _at_least(text: str, name: str, least: Quantity, one: Asked) -> Iterator[str]:
    request, limit = one.requests.get(name), one.limits.get(name)
    if request is None:
        yield f"{text}.  No request is specified"
    elif request < least:
        yield f"{text}, but request is {request}"
    elif limit is not None and limit < least:
        yield f"{text}, but limit is {limit}"


def _at_most(text: str, name: str, most: Quantity, one: Asked) -> Iterator[str]:
    request, limit = one.requests.get(name), one.limits.get(name)
    if one.kind == "PersistentVolumeClaim":
        if request is None:
            yield f"{text}.  No request is specified"
    elif limit is None:
        yield f"{text}.  No limit is specified"
        return
    elif limit > most:
        yield f"{text}, but limit is {limit}"
        return
    if request is not None and request > most:
        yield f"{text}, but request is {request}"


def _ratio(text: str, ratio: Quantity, request: Quantity | None, limit: Quantity | None) -> Iterator[str]:
    if request is None or not request.amount:
        yield f"{text}, but no request is specified or request is 0"
    elif limit is None or not limit.amount:
        yield f"{text}, but no limit is specified or limit is 0"
    elif (given := limit.amount / request.amount) > ratio.amount:
        yield f"{text}, but provided ratio is {float(given):f}"


def _is_new(change: Change, plural: str) -> bool:
    asked = (change.operation, change.resource.group, change.resource.plural, change.subresource)
    return asked == ("CREATE", "", plural, "")


def _is_claim(change: Change) -> bool:
    """True for what a claim asks for, now or from now on; one that goes may ask for anything."""
    going = change.old is not None and "deletionTimestamp" in change.old["metadata"]
    named = (change.resource.group, change.resource.plural, change.subresource) == ("", "persistentvolumeclaims", "")
    return named and change.operation != "DELETE" and not going


async def _ranges(change: Change, view: View) -> list[Json]:
    resource = view.catalogue.get("", "v1", "limitranges")
    return [objects.decode(resource, kv) for kv in (await view.storage.all(resource, change.namespace)).kvs]
