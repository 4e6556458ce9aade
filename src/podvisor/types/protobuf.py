"""Objects in Kubernetes' protobuf encoding, which typed Go clients send (kubectl create among them).

https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding : four magic bytes and a
`runtime.Unknown`, which carries kind, apiVersion and the object. Reading only; answers are JSON, which every such
client also accepts. Fields that are not known here are skipped, as protobuf wants it.
"""

import base64
import json
import lzma
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from podvisor.types import schema
from podvisor.types.decode import WrongType

MAGIC = b"k8s\0"

Json: TypeAlias = dict[str, Any]
Raw: TypeAlias = int | bytes
_Numbers: TypeAlias = dict[str, str | list[str]]

_REFERENCE = "#/definitions/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def decode(body: bytes) -> Json:
    """The object in `body`, as JSON would have it. Raises WrongType if it is none, or of a kind that is not known."""
    if not body.startswith(MAGIC):
        raise WrongType("provided data does not appear to be a protobuf message, expected prefix k8s\\0")
    try:
        return _envelope(body[len(MAGIC) :])
    except (IndexError, struct.error, UnicodeDecodeError, TypeError, AttributeError, OverflowError) as error:
        raise WrongType(f"the protobuf message is broken: {error}") from None


def _envelope(body: bytes) -> Json:
    outer = dict(_fields(body))
    kind = dict(_fields(_bytes(outer.get(1, b""))))
    api_version, name = _bytes(kind.get(1, b"")).decode(), _bytes(kind.get(2, b"")).decode()
    group, _, version = api_version.rpartition("/")
    definition = schema.names_by_kind().get((group, version, name)) or _SHARED.get(name)
    if definition is None:
        raise WrongType(f'no kind "{name}" is registered for version "{api_version}"')
    return {"kind": name, "apiVersion": api_version} | _message(definition, _bytes(outer.get(2, b"")))


_SHARED = {"DeleteOptions": "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"}
"""Kinds that exist in every group."""


@cache
def _numbers() -> dict[str, _Numbers]:
    packed = (files("podvisor.types") / "data" / "protobuf.json.xz").read_bytes()
    return json.loads(lzma.decompress(packed))


def _message(definition: str, body: bytes) -> Json:
    properties: Json = schema.data().definitions[definition].get("properties", {})
    found: Json = {}
    _read_into(found, definition, properties, body)
    return found


def _read_into(found: Json, message: str, properties: Json, body: bytes) -> None:
    """Read the fields of `message` into `found`. An inlined struct shares the properties of the struct around it."""
    numbers = _numbers()[message]
    for number, value in _fields(body):
        name = numbers.get(str(number))
        if isinstance(name, list):
            _read_into(found, name[0], properties, _bytes(value))
        elif name is not None and (kind := properties.get(name.removeprefix("*"))) is not None:
            _store(found, name, kind, value)


def _store(found: Json, name: str, kind: Json, value: Raw) -> None:
    """Put a value in its place; a zero that Go's JSON leaves out is left out."""
    plain = name.removeprefix("*")
    if kind.get("type") == "array":
        found.setdefault(plain, []).append(_value(kind["items"], value))
    elif kind.get("type") == "object" and "additionalProperties" in kind:
        entry = dict(_fields(_bytes(value)))
        key = _bytes(entry.get(1, b"")).decode()
        found.setdefault(plain, {})[key] = _entry(kind["additionalProperties"], entry.get(2))
    else:
        result = _value(kind, value)
        if result is not None and (result not in (0, "") or isinstance(result, dict) or name.startswith("*")):
            found[plain] = result


def _entry(kind: Json, value: Raw | None) -> Any:
    if kind.get("type") == "array":
        return [_value(kind["items"], item) for _, item in _fields(_bytes(value or b""))]
    return _value(kind, b"" if value is None else value)


def _value(kind: Json, value: Raw) -> Any:
    if reference := kind.get("$ref"):
        definition = reference.removeprefix(_REFERENCE)
        special = _SPECIAL.get(definition.rpartition(".")[2])
        return special(_bytes(value)) if special else _message(definition, _bytes(value))
    match kind.get("type"), value:
        case "string", bytes():
            return base64.b64encode(value).decode() if kind.get("format") == "byte" else value.decode()
        case "integer", int():
            return value - 2**64 if value >= 2**63 else value
        case "boolean", int():
            return bool(value)
        case "number", int():
            return struct.unpack("<d", struct.pack("<Q", value))[0]
        case _:
            raise TypeError(f"a value of type {kind.get('type')} cannot be {value!r}")


def _fields(body: bytes) -> Iterator[tuple[int, Raw]]:
    """Number and raw value of each field of a message (https://protobuf.dev/programming-guides/encoding/)."""
    place = 0
    while place < len(body):
        tag, place = _varint(body, place)
        match tag & 7:
            case 0:
                value, place = _varint(body, place)
                yield tag >> 3, value
            case 1:
                yield tag >> 3, struct.unpack_from("<Q", body, place)[0]
                place += 8
            case 2:
                size, place = _varint(body, place)
                if place + size > len(body):
                    raise IndexError("unexpected end")
                yield tag >> 3, body[place : place + size]
                place += size
            case 5:
                yield tag >> 3, struct.unpack_from("<I", body, place)[0]
                place += 4
            case wire:
                raise TypeError(f"unknown wire type {wire}")


def _varint(body: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise IndexError("a number is too long")


def _bytes(value: Raw) -> bytes:
    if isinstance(value, bytes):
        return value
    raise TypeError("a number is where a message should be")


def _moment(value: bytes) -> datetime | None:
    if not value:
        return None
    found = {number: _signed(part) for number, part in _fields(value)}
    return _EPOCH + timedelta(seconds=found.get(1, 0), microseconds=found.get(2, 0) // 1000)


def _signed(value: Raw) -> int:
    if not isinstance(value, int):
        raise TypeError("a message is where a number should be")
    return value - 2**64 if value >= 2**63 else value


def _time(value: bytes) -> str | None:
    moment = _moment(value)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='seconds')}Z" if moment else None


def _micro_time(value: bytes) -> str | None:
    moment = _moment(value)
    return f"{moment.replace(tzinfo=None).isoformat(timespec='microseconds')}Z" if moment else None


def _quantity(value: bytes) -> str:
    return _bytes(dict(_fields(value)).get(1, b"")).decode() or "0"


def _int_or_string(value: bytes) -> int | str:
    found = dict(_fields(value))
    return _bytes(found.get(3, b"")).decode() if found.get(1) else _signed(found.get(2, 0))


def _raw(value: bytes) -> Any:
    raw = _bytes(dict(_fields(value)).get(1, b""))
    return json.loads(raw) if raw else None


_SPECIAL: dict[str, Callable[[bytes], Any]] = {
    "Time": _time,
    "MicroTime": _micro_time,
    "Quantity": _quantity,
    "IntOrString": _int_or_string,
    "RawExtension": _raw,
    "FieldsV1": _raw,
}
