"""OpenAPI v3: an index, and a document for each group and version."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any

import orjson

from podvisor.apiserver import answers
from podvisor.apiserver.catalogue import Served
from podvisor.apiserver.openapi import operations
from podvisor.apiserver.openapi.operations import Json, Operation
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer, content
from podvisor.types import schema, status

_REFERENCE = "#/components/schemas/"


def answer(server: Server, path: str) -> Answer:
    """The index, or the document of `api/v1`, `apis/apps/v1`. Raises NotFound."""
    known = {
        _path(group, version): (group, version) for group, all in server.catalogue.now.groups.items() for version in all
    }
    served = server.catalogue.now
    if not path:
        links = {one: {"serverRelativeURL": _link(one, served.of_version(*known[one]))} for one in known}
        return answers.json({"paths": links})
    if path not in known:
        raise status.NotFound()
    return content(document(served, *known[path]), "application/json")


def document(served: Served, group: str, version: str) -> bytes:
    """The document of a group and version."""
    paths: Json = {}
    custom: dict[str, Json] = {}
    wanted = {operations.STATUS, operations.DELETE_OPTIONS, operations.PATCH}
    for resource in served.of_version(group, version):
        for path, found in operations.paths(resource):
            paths[path] = _path_item(path, found)
            wanted |= {one.body for one in found} | {one.result for one in found}
        if own := resource.definitions():
            custom |= own
            wanted |= {operations.OBJECT_META, operations.LIST_META}
    info = {"title": "Kubernetes", "version": f"v{schema.data().version}.0"}
    schemas = definitions(wanted - {""}) | custom
    shown = {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}
    return orjson.dumps(shown)


def definitions(wanted: set[str]) -> dict[str, Json]:
    """The definitions that are `wanted`, and those that they need, with descriptions."""
    texts = schema.descriptions()
    found: dict[str, Json] = {}
    rest = list(wanted)
    while rest:
        name = rest.pop()
        if name in found or name not in schema.data().definitions:
            continue
        found[name] = _definition(schema.data().definitions[name], texts.get(name, {}))
        rest += re.findall(f'"{_REFERENCE}([^"]+)"', orjson.dumps(found[name]).decode())
    return dict(sorted(found.items()))


def _path(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _link(path: str, resources: Iterable[Resource]) -> str:
    etags = [one.etag for one in resources]
    digest = hashlib.sha256(f"{schema.data().version} {path} {etags}".encode()).hexdigest().upper()
    return f"/openapi/v3/{path}?hash={digest}"


def _definition(source: Json, texts: dict[str, str]) -> Json:
    shown = _schema(source)
    if text := texts.get(""):
        shown["description"] = text
    for name, field in shown.get("properties", {}).items():
        if text := texts.get(name):
            field["description"] = text
    return shown


def _schema(source: Json) -> Json:
    """A v2 schema as a v3 one."""
    if "$ref" in source:
        rest = {key: value for key, value in source.items() if key != "$ref"}
        return {"allOf": [{"$ref": source["$ref"].replace("#/definitions/", _REFERENCE)}], **rest}
    if source.get("format") == "int-or-string":
        return {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}
    shown = dict(source)
    for key in ("items", "additionalProperties"):
        if key in shown:
            shown[key] = _schema(shown[key])
    if "properties" in shown:
        shown["properties"] = {name: _schema(field) for name, field in shown["properties"].items()}
    return shown


def _path_item(path: str, found: Any) -> Json:
    item: Json = {one.method: _operation(one) for one in found}
    parameters = [_parameter(name, "string", "path") for name in operations.path_parameters(path)]
    return item | ({"parameters": parameters} if parameters else {})


def _operation(one: Operation) -> Json:
    result = {"schema": {"$ref": _REFERENCE + one.result}} if one.result else {}
    shown: Json = {
        "tags": [one.tag],
        "operationId": one.id,
        "parameters": [_parameter(name, kind, "query") for name, kind in one.query],
        "responses": {"200": {"description": "OK", "content": {"application/json": result}}},
        "x-kubernetes-action": one.action,
        "x-kubernetes-group-version-kind": one.kind,
    }
    if one.body:
        accepted = one.patches if one.method == "patch" else ("application/json",)
        content = {"schema": {"$ref": _REFERENCE + one.body}}
        shown["requestBody"] = {"content": dict.fromkeys(accepted, content), "required": one.method != "delete"}
    return shown


def _parameter(name: str, kind: str, where: str) -> Json:
    shown: Json = {"name": name, "in": where, "schema": {"type": kind, "uniqueItems": True}}
    return shown | ({"required": True} if where == "path" else {})
