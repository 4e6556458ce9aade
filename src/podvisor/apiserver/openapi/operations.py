"""The paths of a resource and what can be done there, in a form that both OpenAPI versions are written from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from podvisor.apiserver.resource import Resource
from podvisor.types import schema

Json = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
STATUS = f"{_META}.Status"
DELETE_OPTIONS = f"{_META}.DeleteOptions"
PATCH = f"{_META}.Patch"
OBJECT_META = f"{_META}.ObjectMeta"
LIST_META = f"{_META}.ListMeta"

_LIST = ("allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion")
_LIST_MORE = ("resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch")
_WRITE = ("dryRun", "fieldManager", "fieldValidation")
_DELETE = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "list": (*_LIST, *_LIST_MORE),
    "create": _WRITE,
    "update": _WRITE,
    "patch": (*_WRITE, "force"),
    "delete": _DELETE,
}
_PARAMETERS["deletecollection"] = tuple(sorted({*_LIST, *_LIST_MORE, *_DELETE} - {"allowWatchBookmarks", "watch"}))
_METHODS = {"create": "post", "update": "put", "patch": "patch", "delete": "delete", "deletecollection": "delete"}
_ACTIONS = {"create": "post", "update": "put", "get": "get", "patch": "patch", "list": "list", "delete": "delete"}
_BOOLEANS = ("allowWatchBookmarks", "force", "orphanDependents", "sendInitialEvents", "watch")
_INTEGERS = ("gracePeriodSeconds", "limit", "timeoutSeconds")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    method: str
    id: str
    action: str
    tag: str
    kind: Json
    """group, version and kind, for `x-kubernetes-group-version-kind`."""
    query: Sequence[tuple[str, str]]
    """Names and types."""
    body: str
    """The definition that is sent, or ''."""
    result: str
    """The definition that comes back."""
    patches: Sequence[str]
    """The media types of the patches that are taken. kubectl chooses by them how it applies."""


def paths(resource: Resource) -> Iterator[tuple[str, Sequence[Operation]]]:
    """Each path of a resource with its operations."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    base = f"{root}/namespaces/{{namespace}}/{resource.plural}" if resource.namespaced else f"{root}/{resource.plural}"
    verbs = [verb for verb in ("list", "create", "deletecollection") if verb in resource.verbs]
    if verbs:
        yield base, [_operation(resource, verb, "") for verb in verbs]
    if resource.namespaced and "list" in resource.verbs:
        yield f"{root}/{resource.plural}", [_operation(resource, "list", "", everywhere=True)]
    if verbs := [verb for verb in ("get", "update", "patch", "delete") if verb in resource.verbs]:
        yield f"{base}/{{name}}", [_operation(resource, verb, "") for verb in verbs]
    for sub in resource.all_subresources():
        yield f"{base}/{{name}}/{sub.name}", [_operation(resource, verb, sub.name) for verb in sub.verbs]


def path_parameters(path: str) -> Iterator[str]:
    """The names of the variable parts of a path."""
    return (part[1:-1] for part in path.split("/") if part.startswith("{"))


def _operation(resource: Resource, verb: str, subresource: str, *, everywhere: bool = False) -> Operation:
    kind, definition = _kind(resource, subresource)
    camel = "".join(part.capitalize() for part in resource.group.split(".")[0].split("-")) or "Core"
    scope = "Namespaced" if resource.namespaced and not everywhere else ""
    action = (
        "connect"
        if subresource in ("exec", "attach", "log", "portforward") and verb != "get"
        else _ACTIONS.get(verb, verb)
    )
    name = f"{action}{camel}{resource.version.capitalize()}{scope}{resource.kind}{subresource.capitalize()}"
    parameters = [(one, _type(one)) for one in _PARAMETERS.get(verb, ())]
    return Operation(
        _METHODS.get(verb, "get"),
        name + ("ForAllNamespaces" if everywhere else ""),
        action,
        f"{camel.lower()}_{resource.version}",
        kind,
        [*parameters, ("pretty", "string")],
        _body(verb, definition),
        definition + "List" if verb == "list" else STATUS if verb in ("delete", "deletecollection") else definition,
        resource.patch_types,
    )


def _kind(resource: Resource, subresource: str) -> tuple[Json, str]:
    """What an operation is about, and its definition."""
    group, version, kind = resource.group, resource.version, resource.kind
    for sub in resource.all_subresources():
        if sub.name == subresource and sub.kind:
            group, version, kind = sub.group or group, sub.version or version, sub.kind
    definition = schema.names_by_kind().get((group, version, kind), "") or resource.definition
    return {"group": group, "version": version, "kind": kind}, definition


def _body(verb: str, definition: str) -> str:
    match verb:
        case "create" | "update":
            return definition
        case "patch":
            return PATCH
        case "delete" | "deletecollection":
            return DELETE_OPTIONS
        case _:
            return ""


def _type(parameter: str) -> str:
    return "boolean" if parameter in _BOOLEANS else "integer" if parameter in _INTEGERS else "string"
