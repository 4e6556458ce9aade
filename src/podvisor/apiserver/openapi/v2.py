"""OpenAPI v2 (Swagger 2.0): one document for everything."""

from typing import Any

from podvisor.apiserver import answers
from podvisor.apiserver.catalogue import Served
from podvisor.apiserver.openapi import operations, v2_protobuf
from podvisor.apiserver.openapi.operations import Json, Operation
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer, Request, content
from podvisor.types import schema

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_REFERENCE = "#/definitions/"
_ONLY_V3 = ("allOf", "anyOf", "oneOf", "not", "nullable")
_STRUCTURE = ("type", "items", "properties", "additionalProperties")


def answer(server: Server, request: Request) -> Answer:
    """The document, as protobuf for a client that asks for it, which every Go client does; else as JSON."""
    shown = document(server.catalogue.now)
    if "protobuf" in request.headers.get("Accept", ""):
        return content(v2_protobuf.encode(shown), PROTOBUF)
    return answers.json(shown)


def _definitions() -> Json:
    texts = schema.descriptions()
    return {name: _definition(source, texts.get(name, {})) for name, source in schema.data().definitions.items()}


def document(served: Served) -> Json:
    """The document for all resources of `served`."""
    found = [pair for resource in served.resources for pair in operations.paths(resource)]
    info = {"title": "Kubernetes", "version": f"v{schema.data().version}.0"}
    paths = {path: _path_item(path, all) for path, all in found}
    custom = {name: _custom(one) for resource in served.resources for name, one in resource.definitions().items()}
    return {"swagger": "2.0", "info": info, "paths": paths, "definitions": _definitions() | custom}


def _custom(source: Json) -> Json:
    """A schema of a custom resource, without what OpenAPI v2 cannot say, and with nothing where it would say too much.

    As apiextensions-apiserver's `pkg/controller/openapi/v2`: what may be null or of two types has no type.
    """
    if (referred := source.get("allOf")) and "$ref" in referred[0]:
        rest = {"description": source["description"]} if "description" in source else {}
        return rest | {"$ref": referred[0]["$ref"].replace("#/components/schemas/", _REFERENCE)}
    shown = {name: value for name, value in source.items() if name not in _ONLY_V3}
    if source.get("nullable") or source.get("x-kubernetes-int-or-string"):
        shown = {name: value for name, value in shown.items() if name not in _STRUCTURE}
    if source.get("x-kubernetes-preserve-unknown-fields"):
        shown = {name: value for name, value in shown.items() if name not in ("items", "properties")}
    if "properties" in shown:
        shown["properties"] = {name: _custom(one) for name, one in shown["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(shown.get(name), dict):
            shown[name] = _custom(shown[name])
        else:
            shown.pop(name, None)
    return shown


def _definition(source: Json, texts: dict[str, str]) -> Json:
    shown: Json = dict(source)
    if text := texts.get(""):
        shown["description"] = text
    if "properties" in shown:
        described = {name: {"description": text} for name, text in texts.items()}
        shown["properties"] = {name: described.get(name, {}) | field for name, field in shown["properties"].items()}
    return shown


def _path_item(path: str, found: Any) -> Json:
    item: Json = {one.method: _operation(one) for one in found}
    parameters = [_parameter(name, "string", "path") for name in operations.path_parameters(path)]
    return item | ({"parameters": parameters} if parameters else {})


def _operation(one: Operation) -> Json:
    parameters = [_parameter(name, kind, "query") for name, kind in one.query]
    if one.body:
        body = {"name": "body", "in": "body", "schema": {"$ref": _REFERENCE + one.body}}
        parameters.insert(0, body | ({} if one.method == "delete" else {"required": True}))
    result = {"description": "OK"} | ({"schema": {"$ref": _REFERENCE + one.result}} if one.result else {})
    return {
        "consumes": list(one.patches) if one.method == "patch" else ["application/json", "application/yaml"],
        "produces": ["application/json", "application/yaml"],
        "tags": [one.tag],
        "operationId": one.id,
        "parameters": parameters,
        "responses": {"200": result},
        "x-kubernetes-action": one.action,
        "x-kubernetes-group-version-kind": one.kind,
    }


def _parameter(name: str, kind: str, where: str) -> Json:
    shown: Json = {"name": name, "in": where, "type": kind, "uniqueItems": True}
    return shown | ({"required": True} if where == "path" else {})
