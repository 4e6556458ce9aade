"""From what a client sent to an object of its kind: types checked, unknown fields and nulls gone, quantities canonical.

The rules are those of Kubernetes' own JSON decoder (sigs.k8s.io/json) and of its strict field validation
(https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation): a wrong type is always an error,
an unknown or duplicate field is dropped and reported, and the caller decides what the report means.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import orjson

from podvisor.types import quantity
from podvisor.types.schema import Shape, Type

Json = dict[str, Any]

_GO_TYPES = {"string": "string", "boolean": "bool", "number": "float64", "any": "interface {}"}
_BOUNDS = {"int32": 2**31, "int64": 2**63, "": 2**63}
_NOTHING: Mapping[Type, Any] = {
    "string": "", "quantity": "0", "integer": 0, "number": 0, "boolean": False, "list": [], "map": {}, "object": {}
}  # fmt: skip
"""What null stands for as a value of a map: Go's zero value."""
_DEPTH = 250
"""What orjson writes in any case; it reads more."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")


class WrongType(ValueError):
    """The document cannot be read as the kind; the text is the one of Go's decoder."""


def parse(body: bytes) -> Any:
    """The JSON in `body`. Raises WrongType if it is none, or nested too deeply to be written again."""
    try:
        value = orjson.loads(body)
        if body.count(b"{") + body.count(b"[") > _DEPTH:
            orjson.dumps(value)
    except orjson.JSONDecodeError as error:
        raise WrongType(f"error parsing JSON: {error}") from None
    except TypeError:
        raise WrongType("error parsing JSON: exceeded max depth") from None
    return value


def conform(shape: Shape, value: Json) -> tuple[Json, list[str]]:
    """`value` as an object of `shape`, and the strict errors: `unknown field "spec.foo"`.

    The result may share parts with `value`. Raises WrongType.
    """
    reader = _Reader()
    return cast("Json", reader.read(shape, value, shape.name, "")), reader.unknown


def duplicates(body: bytes) -> Sequence[str]:
    """The strict errors for fields that `body` names twice: `duplicate field "spec.replicas"`."""
    try:
        compact = len(orjson.dumps(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return ()
    if compact == len(body.strip()):
        return ()
    return [f'duplicate field "{path}"' for path in _repeated(json.loads(body, object_pairs_hook=_Pairs), "")]


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a repeated key can be seen."""


def _repeated(value: Any, path: str) -> list[str]:
    if isinstance(value, _Pairs):
        found: list[str] = []
        seen: set[str] = set()
        for key, item in value:
            inner = f"{path}.{key}" if path else key
            if key in seen and inner not in found:
                found.append(inner)
            seen.add(key)
            found += _repeated(item, inner)
        return found
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [error for index, item in enumerate(items) for error in _repeated(item, f"{path}[{index}]")]
    return []


class _Reader:
    """One pass over one document."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def read(self, shape: Shape, value: Any, owner: str, path: str) -> Any:
        """`value` as `shape`. `owner` is the struct that holds it, for messages."""
        match shape.type:
            case "object":
                return self._object(shape, value, owner, path)
            case "string":
                return _string(shape, value, owner, path)
            case "list":
                return self._list(shape, value, owner, path)
            case "map":
                return self._map(shape, value, owner, path)
            case "boolean":
                return value if isinstance(value, bool) else _refuse(shape, value, owner, path)
            case "integer":
                return _integer(shape, value, owner, path)
            case "quantity":
                return _quantity(value, path)
            case "int-or-string":
                if isinstance(value, str | int) and not isinstance(value, bool):
                    return value
                return _refuse(shape, value, owner, path)
            case "number":
                if isinstance(value, int | float) and not isinstance(value, bool):
                    return value
                return _refuse(shape, value, owner, path)
            case "any":
                return value

    def _object(self, shape: Shape, value: Any, owner: str, path: str) -> Json:
        if not isinstance(value, dict):
            _refuse(shape, value, owner, path)
        result: Json = {}
        fields = shape.fields
        for key, item in cast("Json", value).items():
            inner = f"{path}.{key}" if path else key
            known = fields.get(key)
            if known is None:
                self.unknown.append(f'unknown field "{inner}"')
            elif item is not None:
                result[key] = self.read(known.shape, item, shape.name or owner, inner)
        return result

    def _list(self, shape: Shape, value: Any, owner: str, path: str) -> list[Any]:
        if not isinstance(value, list):
            _refuse(shape, value, owner, path)
        assert shape.items is not None
        items = cast("list[Any]", value)
        return [self.read(shape.items, item, owner, f"{path}[{index}]") for index, item in enumerate(items)]

    def _map(self, shape: Shape, value: Any, owner: str, path: str) -> Json:
        if not isinstance(value, dict):
            _refuse(shape, value, owner, path)
        assert shape.items is not None
        result: Json = {}
        for key, item in cast("Json", value).items():
            given = _NOTHING.get(shape.items.type) if item is None else item
            result[key] = None if given is None else self.read(shape.items, given, owner, f"{path}[{key}]")
        return result


def _string(shape: Shape, value: Any, owner: str, path: str) -> str:
    if not isinstance(value, str):
        _refuse(shape, value, owner, path)
    if shape.format == "byte":
        _check_base64(value, path)
    elif shape.format == "date-time" and not _is_time(value):
        why = f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse "{value}" as "2006"'
        raise WrongType(f"{path}: {why}")
    return value


def _is_time(value: str) -> bool:
    if not _TIME.match(value):
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


def _check_base64(value: str, path: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except ValueError:
        wrong = re.search(r"[^A-Za-z0-9+/=]", value)
        place = wrong.start() if wrong else len(value) - 1
        raise WrongType(f"{path}: illegal base64 data at input byte {place}") from None


def _integer(shape: Shape, value: Any, owner: str, path: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return _integer(shape, int(value), owner, path)
    if not isinstance(value, int) or isinstance(value, bool):
        return _refuse(shape, value, owner, path)
    bound = _BOUNDS.get(shape.format, 2**63)
    if not -bound <= value < bound:
        _refuse(shape, value, owner, path)
    return value


def _quantity(value: Any, path: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongType(f"{path}: quantities must be strings or numbers")
    try:
        return quantity.canonical(str(value))
    except ValueError as error:
        raise WrongType(f"{path}: {error}") from None


def _refuse(shape: Shape, value: Any, owner: str, path: str) -> Any:
    fields = re.sub(r"\[[^]]*\]", "", path)
    place = f"Go struct field {owner}.{fields}" if path else "Go value"
    raise WrongType(f"json: cannot unmarshal {json_type(value)} into {place} of type {_go_type(shape)}")


def json_type(value: Any) -> str:
    """What Go's decoder calls the type of a value."""
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case int():
            return f"number {value}" if abs(value) >= 2**31 else "number"
        case float():
            return f"number {value}"
        case list():
            return "array"
        case _:
            return "object"


def _go_type(shape: Shape) -> str:
    match shape.type:
        case "object":
            return f"v1.{shape.name}"
        case "list":
            return f"[]{_go_type(shape.items)}" if shape.items else "[]interface {}"
        case "map":
            return f"map[string]{_go_type(shape.items)}" if shape.items else "map[string]interface {}"
        case "integer":
            return shape.format or "int64"
        case "int-or-string":
            return "intstr.IntOrString"
        case "quantity":
            return "resource.Quantity"
        case simple:
            return _GO_TYPES[simple]
