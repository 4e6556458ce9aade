"""From objects to answers."""

from collections.abc import Iterable
from typing import Any

import orjson
import yaml

from podvisor.apiserver import negotiation, objects, table
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base import http
from podvisor.base.http import Answer
from podvisor.store.backend import KeyValue
from podvisor.types import status


def json(content: Any, code: int = 200) -> Answer:
    """Anything as JSON."""
    return http.content(orjson.dumps(content), negotiation.JSON, code)


def refusal(error: status.ApiError) -> Answer:
    """A Status."""
    shown = error.to_json()
    # It may quote what the client sent, also bytes that are no characters.
    shown["message"] = shown.get("message", "").encode(errors="backslashreplace").decode()
    response = json(shown, error.code)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def warn(response: Answer, warnings: Iterable[str]) -> Answer:
    """Add warnings, which kubectl prints."""
    for warning in warnings:
        text = warning.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        response.headers.add("Warning", f'299 - "{text}"')
    return response


def one(server: Server, call: Call, resource: Resource, kv: KeyValue, code: int = 200) -> Answer:
    """One object, in the form that the client wants."""
    wanted = negotiation.reply(call.request.headers.get("Accept"))
    if wanted.form == "object":
        return warn(_encoded(objects.sent(resource, kv), wanted, code), call.warnings)
    return item(server, call, resource, objects.decode(resource, kv), code)


def item(server: Server, call: Call, resource: Resource, content: Json, code: int = 200) -> Answer:
    """An object that has been decoded already, in the form that the client wants."""
    wanted = negotiation.reply(call.request.headers.get("Accept"))
    match wanted.form:
        case "object":
            shown = content
        case "Table":
            shown = table.of(resource, [content], server.clock.now(), call.query, wanted.version)
            shown["metadata"]["resourceVersion"] = content["metadata"].get("resourceVersion", "")
        case _:
            shown = partial(content, wanted.version)
    return warn(_encoded(orjson.dumps(shown), wanted, code), call.warnings)


def many(wanted: negotiation.Reply, body: bytes) -> Answer:
    """A list that has been put together already."""
    return _encoded(body, wanted, 200)


def whole(call: Call, content: Json, code: int = 200) -> Answer:
    """An object that is not stored, such as a review. Raises NotAcceptable for a client that wants only a table."""
    wanted = negotiation.plain(call.request.headers.get("Accept"))
    return warn(_encoded(orjson.dumps(content), wanted, code), call.warnings)


def partial(item: Json, version: str) -> Json:
    """Only the metadata of an object."""
    kind = {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}"}
    return kind | {"metadata": item["metadata"]}


def success(resource: Resource, name: str, uid: str) -> Json:
    """The Status that tells of a deletion."""
    details = {"name": name, "group": resource.group, "kind": resource.plural, "uid": uid}
    shown = {key: value for key, value in details.items() if value}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": shown}


def _encoded(body: bytes, wanted: negotiation.Reply, code: int) -> Answer:
    if wanted.media_type == negotiation.YAML:
        # types-PyYAML 6.0.12.20261122 leaves out a type in the signature of `dump`.
        dump = yaml.dump  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        body = dump(orjson.loads(body), Dumper=yaml.CSafeDumper, sort_keys=False).encode()
    return http.content(body, wanted.media_type, code)
