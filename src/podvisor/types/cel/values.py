"""The values of CEL as Python holds them: equality, order, names of their types.

    null bool int double string bytes list map     None bool int float str bytes list dict
    uint timestamp duration optional type          the records below

A map may be any Mapping, so that a value can be found out when it is asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from podvisor.types.cel.errors import EvaluationError, no_such_overload

INT_MIN, INT_MAX, UINT_MAX = -(2**63), 2**63 - 1, 2**64 - 1


class Uint(int):
    """An unsigned number of 64 bits."""


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment, counted from 1970 in UTC."""

    nanos: int
    offset: int = field(default=0, compare=False)
    """How many seconds the clock was ahead of UTC that it was read from."""


@dataclass(frozen=True, slots=True)
class Optional:
    """A value, or none."""

    present: bool
    content: Any = None


NONE = Optional(False)


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type, where one stands for a value: `type(x) == int`."""

    name: str


_NAMES: dict[Any, str] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Duration: "google.protobuf.Duration",
    Timestamp: "google.protobuf.Timestamp",
    Optional: "optional_type",
    TypeValue: "type",
}


def register(kind: type[Any], name: str) -> None:
    """A library's own kind of value has this name."""
    _NAMES[kind] = name


def type_name(value: Any) -> str:
    """The name of the value's type: `int`, `map`, `kubernetes.Quantity`."""
    return _NAMES.get(type(value)) or ("map" if isinstance(value, Mapping) else "dyn")


def number(value: Any) -> bool:
    """True if the value is an int, a uint or a double."""
    return type(value) in (int, float, Uint)


def equal(left: Any, right: Any) -> bool:
    """True if both are the same value; numbers of different types are compared as numbers, other types never equal."""
    kind = cast("type[Any]", type(left))
    if kind is type(right):
        if kind is list:
            return len(left) == len(right) and all(map(equal, left, right))
        if kind is dict:
            return _equal_maps(left, right)
        if kind is Optional:
            return left.present == right.present and equal(left.content, right.content)
        return left == right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _equal_maps(cast(Mapping[Any, Any], left), cast(Mapping[Any, Any], right))
    return number(left) and number(right) and left == right


def _equal_maps(left: Mapping[Any, Any], right: Mapping[Any, Any]) -> bool:
    return len(left) == len(right) and all(key in right and equal(value, right[key]) for key, value in left.items())


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1. Raises EvaluationError for values without an order between them."""
    if not (number(left) and number(right)) and (
        type(left) is not type(right) or not isinstance(left, bool | str | bytes | Duration | Timestamp)
    ):
        raise no_such_overload()
    one: Any = left
    other: Any = right
    if one != one or other != other:
        raise EvaluationError("NaN values cannot be ordered")
    return (one > other) - (one < other)


def size(value: Any) -> int:
    """How large a value counts when work is charged: characters, bytes, items; 1 for what has no parts."""
    if isinstance(value, str | bytes | list | Mapping):
        return len(cast(Any, value))
    if isinstance(value, Optional) and value.present:
        return size(value.content)
    return getattr(value, "cel_size", 1)
