"""From the body of a request to an object of the right kind."""

from collections.abc import Sequence
from typing import Any, Literal, cast

import orjson

from podvisor.apiserver import negotiation, yaml_bodies
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import decode, protobuf, status
from podvisor.types.schema import Shape

Validation = Literal["Strict", "Warn", "Ignore"]


class WrongType(status.BadRequest):
    """A value is of another type than its field."""

    def __init__(self, resource: Resource, why: str) -> None:
        kind = f"{resource.kind} in version {quoted(resource.version)} cannot be handled as a {resource.kind}"
        super().__init__(f"{kind}: {why}")
        self.why = why


async def read(call: Call) -> bytes:
    """The body as JSON. Raises UnsupportedMediaType for anything but JSON, YAML and protobuf."""
    sent = call.request.headers.get("Content-Type", negotiation.JSON).partition(";")[0].strip().lower()
    body = await call.request.read()
    if sent == negotiation.JSON or not body:
        return body
    if sent == negotiation.YAML:
        return await yaml_bodies.to_json(body)
    if sent == negotiation.PROTOBUF:
        return from_protobuf(body)
    raise status.UnsupportedMediaType(sent, (*negotiation.OFFERED, negotiation.PROTOBUF))


def from_protobuf(body: bytes) -> bytes:
    """Kubernetes' protobuf as JSON. Raises BadRequest."""
    try:
        return orjson.dumps(protobuf.decode(body))
    except decode.WrongType as error:
        raise status.BadRequest(str(error)) from None


def parsed(body: bytes) -> Json:
    """The JSON object in `body`. Raises BadRequest."""
    try:
        value = decode.parse(body)
    except decode.WrongType as error:
        raise status.BadRequest(f"the object provided is unrecognized (must be of type object): {error}") from None
    if not isinstance(value, dict):
        raise status.BadRequest("the object provided is unrecognized (must be of type object)")
    return cast("Json", value)


def typed(call: Call, resource: Resource, body: bytes) -> Json:
    """`body` as an object of `resource`, under the request's field validation. Raises BadRequest."""
    item = parsed(body)
    check_kind(resource, item)
    return conform(call, resource, item, decode.duplicates(body) if _validation(call) != "Ignore" else ())


def check_kind(resource: Resource, item: Json) -> None:
    """Fill in kind and apiVersion, or raise BadRequest if they are not those of `resource`."""
    version = item.setdefault("apiVersion", resource.api_version) or resource.api_version
    kind = item.setdefault("kind", resource.kind) or resource.kind
    if version != resource.api_version:
        raise status.BadRequest(
            f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
        )
    if kind != resource.kind:
        raise status.BadRequest(f"{kind} in version {version!r} cannot be handled as a {resource.kind}")


def conform(call: Call, resource: Resource, item: Any, repeated: Any = ()) -> Json:
    """`item` as an object of `resource`; strict errors refuse it, warn, or are ignored, as the request wants."""
    try:
        result, unknown = resource.read(item)
    except decode.WrongType as error:
        raise WrongType(resource, str(error)) from None
    shown = f"{resource.kind} in version {quoted(resource.version)} cannot be handled as a {resource.kind}"
    heed(call, [*unknown, *repeated], f"{shown}: strict decoding error")
    if not isinstance(result.setdefault("metadata", {}), dict):
        raise status.BadRequest("metadata must be an object")
    return result


def heed(call: Call, objections: Sequence[str], refusal: str) -> None:
    """Refuse what strict decoding objects to, warn of it or ignore it, as the request wants. Raises BadRequest."""
    validation = _validation(call)
    if not objections or validation == "Ignore":
        return
    if validation == "Strict":
        raise status.BadRequest(f"{refusal}: {', '.join(objections)}")
    call.warnings += objections


def options(shape: Shape, body: bytes) -> Json:
    """DeleteOptions and the like: an empty body is an empty object. Raises BadRequest."""
    if not body.strip():
        return {}
    try:
        return decode.conform(shape, parsed(body))[0]
    except decode.WrongType as error:
        raise status.BadRequest(str(error)) from None


def quoted(text: str) -> str:
    """As Go's `%q`."""
    return f'"{text}"'


def _validation(call: Call) -> Validation:
    wanted = call.query.get("fieldValidation", "") or "Warn"
    if wanted not in ("Strict", "Warn", "Ignore"):
        raise status.BadRequest(
            f'invalid field validation: fieldValidation: Unsupported value: "{wanted}": '
            'supported values: "Ignore", "Strict", "Warn"'
        )
    return wanted
