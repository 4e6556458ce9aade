"""The OpenAPI v2 document as protobuf, the only form in which Go clients ask for it.

The messages are those of gnostic's `openapiv2/OpenAPIv2.proto`; only what `v2.document` can contain is known here.
Extensions (`x-...`) travel as YAML text, and JSON is YAML.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

Json = Mapping[str, Any]
Kind = Callable[[int, Any], bytes]
"""Encodes a value as the field of this number."""
Fields = Mapping[str, tuple[int, Kind]]
"""Number and kind of each field of a message, by its name in JSON."""


def encode(document: Json) -> bytes:
    """The message `Document`."""
    return _content(document, _DOCUMENT, 16)


def _content(value: Json, fields: Fields, extensions: int = 0) -> bytes:
    """The fields of a message; `extensions` is the number of its list of extensions."""
    parts: list[bytes] = []
    for name, item in value.items():
        if name in fields:
            number, kind = fields[name]
            parts.append(kind(number, item))
        elif name.startswith("x-"):
            parts.append(_nested(extensions, _text(1, name) + _nested(2, _text(2, orjson.dumps(item).decode()))))
    return b"".join(parts)


def _nested(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def _text(number: int, value: str) -> bytes:
    return _nested(number, value.encode())


def _flag(number: int, value: bool) -> bytes:
    return _varint(number << 3) + _varint(int(value))


def _message(fields: Fields, extensions: int = 0) -> Kind:
    return lambda number, value: _nested(number, _content(value, fields, extensions))


def _each(kind: Kind) -> Kind:
    """A repeated field."""
    return lambda number, values: b"".join(kind(number, value) for value in values)


def _inside(kind: Kind, inner: int = 1) -> Kind:
    """A message with this field alone."""
    return lambda number, value: _nested(number, kind(inner, value))


def _named(kind: Kind, inner: int = 1) -> Kind:
    """A map, which gnostic writes as a message whose field `inner` repeats pairs of name and value."""

    def write(number: int, values: Json) -> bytes:
        pairs = [_nested(inner, _text(1, name) + kind(2, value)) for name, value in values.items()]
        return _nested(number, b"".join(pairs))

    return write


def _schema(number: int, value: Json) -> bytes:
    return _nested(number, _content(value, _SCHEMA, 31))


def _parameter(number: int, value: Json) -> bytes:
    """ParametersItem > Parameter > BodyParameter, or > NonBodyParameter > Query- or PathParameterSubSchema."""
    if value["in"] == "body":
        chosen = _nested(1, _content(value, _BODY, 6))
    elif value["in"] == "query":
        chosen = _nested(2, _nested(3, _content(value, _QUERY, 23)))
    else:
        chosen = _nested(2, _nested(4, _content(value, _PATH, 22)))
    return _nested(number, _nested(1, chosen))


def _types(number: int, value: str | Sequence[str]) -> bytes:
    names = [value] if isinstance(value, str) else value
    return _nested(number, b"".join(_text(1, name) for name in names))


def _path_item(number: int, value: Json) -> bytes:
    return _nested(number, _content(value, _PATH_ITEM, 10))


_SCHEMA: Fields = {
    "$ref": (1, _text),
    "format": (2, _text),
    "description": (4, _text),
    "required": (19, _each(_text)),
    "additionalProperties": (21, _inside(_schema)),
    "type": (22, _types),
    "items": (23, _inside(_schema)),
    "properties": (25, _named(_schema)),
}
_BODY: Fields = {"name": (2, _text), "in": (3, _text), "required": (4, _flag), "schema": (5, _schema)}
_PLAIN: Fields = {"required": (1, _flag), "in": (2, _text), "name": (4, _text)}
_QUERY: Fields = {**_PLAIN, "type": (6, _text), "uniqueItems": (20, _flag)}
_PATH: Fields = {**_PLAIN, "type": (5, _text), "uniqueItems": (19, _flag)}
_RESPONSE: Fields = {"description": (1, _text), "schema": (2, _inside(_schema))}
_OPERATION: Fields = {
    "tags": (1, _each(_text)),
    "operationId": (5, _text),
    "produces": (6, _each(_text)),
    "consumes": (7, _each(_text)),
    "parameters": (8, _each(_parameter)),
    "responses": (9, _named(_inside(_message(_RESPONSE)))),
}
_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "options": 6, "head": 7, "patch": 8}
_PATH_ITEM: Fields = {
    **{name: (number, _message(_OPERATION, 13)) for name, number in _METHODS.items()},
    "parameters": (9, _each(_parameter)),
}
_INFO: Fields = {"title": (1, _text), "version": (2, _text)}
_DOCUMENT: Fields = {
    "swagger": (1, _text),
    "info": (2, _message(_INFO)),
    "paths": (8, _named(_path_item, 2)),
    "definitions": (9, _named(_schema)),
}
