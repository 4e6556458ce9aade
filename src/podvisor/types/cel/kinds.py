"""The types of CEL: what an expression's parts are known to be before it runs.

An object's type names its fields; whoever has a schema makes one with `object_type`. `DYN` is anything at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "bool", "int", "uint", "double", "string", "bytes", "null", "dyn", "error", "timestamp", "duration",
    "list", "map", "object", "opaque", "type", "parameter",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """A type; two are the same if their kinds, names and parameters are."""

    kind: Kind
    name: str
    parameters: tuple["Type", ...] = ()
    fields: Mapping[str, "Field"] = field(default_factory=dict[str, "Field"], compare=False)
    """Of an object: its fields by the names that expressions use (see `escaping`)."""
    identity: "ListIdentity | None" = field(default=None, compare=False)
    """Of a list: what makes two items the same one."""

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.parameters))
        return f"{self.name}({inner})" if inner else self.name


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object."""

    type: Type
    key: str
    """Its name in JSON."""
    is_cel: bool = False
    """True if what stands there is a value of CEL and not of JSON: nothing is converted, null is a value."""


@dataclass(frozen=True, slots=True)
class ListIdentity:
    """A list that is a set (`x-kubernetes-list-type`), or with `keys` a map: order counts for nothing."""

    keys: tuple[str, ...] = ()


def _plain(kind: Kind, name: str = "") -> Type:
    return Type(kind, name or kind)


BOOL, INT, UINT, DOUBLE = _plain("bool"), _plain("int"), _plain("uint"), _plain("double")
STRING, BYTES, NULL, DYN, ERROR = (
    _plain("string"),
    _plain("bytes"),
    _plain("null"),
    _plain("dyn"),
    _plain("error", "!error!"),
)
TIMESTAMP, DURATION = _plain("timestamp"), _plain("duration")
TYPE = _plain("type")
A, B = Type("parameter", "A"), Type("parameter", "B")


def list_of(item: Type, identity: ListIdentity | None = None) -> Type:
    """A list of such items."""
    return Type("list", "list", (item,), identity=identity)


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", "map", (key, value))


def object_type(name: str, fields: Mapping[str, Field]) -> Type:
    """An object with exactly these fields."""
    return Type("object", name, fields=fields)


def opaque(name: str, *parameters: Type) -> Type:
    """A type of a library, which only its functions can look into."""
    return Type("opaque", name, parameters)


def optional_of(content: Type) -> Type:
    """Such a value, or none."""
    return opaque("optional_type", content)


def type_of(content: Type) -> Type:
    """The type of a type."""
    return Type("type", "type", (content,))


def unwrapped(kind: Type) -> tuple[Type, bool]:
    """What an optional holds and True; anything else as it is, and False."""
    if kind.kind == "opaque" and kind.name == "optional_type":
        return kind.parameters[0], True
    return kind, False
