"""Shapes as a structured merge sees them: what is a leaf, and what stands below what is none."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, cast

import orjson

from podvisor.types.managed import elements
from podvisor.types.schema import Field, Shape

_ZEROS = {"string": "", "integer": 0, "number": 0, "boolean": False}
_SCALARS: dict[str, "Holds"] = {
    "string": "string",
    "integer": "numeric",
    "number": "numeric",
    "boolean": "boolean",
    "quantity": "untyped",
    "int-or-string": "untyped",
}

Holds = Literal["string", "numeric", "boolean", "untyped", "list", "map", ""]
"""What values of a type are: a plain value (of any kind, if it is untyped), a list, a map; anything if empty."""

MISSING: Any = object()
"""The place of a value that is not there, which null is."""


class Kind(Enum):
    """How values of a type are joined."""

    LEAF = "leaf"
    """As a whole: plain values, and lists and maps that are atomic."""
    MAP = "map"
    """Field by field, entry by entry."""
    LIST = "list"
    """Item by item, told apart by keys, or by what they are."""
    DEDUCED = "deduced"
    """Whatever the value is: maps entry by entry, all else as a whole."""


@dataclass(slots=True)
class Member:
    """A field of a struct."""

    element: str
    type: "Type"
    empty: str
    """As `schema.Field.empty` says it."""
    nothing: Any
    """What is in the place of the field if it is left out: `MISSING` if nothing is."""

    def seen(self, value: Any) -> Any:
        """`value` as Go's struct has it: what it omits is missing, what it always has is there."""
        if value is MISSING:
            return self.nothing
        if value is None:
            return None if self.empty == "raw" else self.nothing
        if self.empty == "omitted" and not value:
            return MISSING
        return value


@dataclass(slots=True)
class Type:
    """A type. `fields` and `items` are for maps, `items` and `keys` for lists, also for those that are leaves."""

    kind: Kind
    holds: Holds = ""
    fields: dict[str, Member] = field(default_factory=dict[str, Member])
    items: "Type | None" = None
    keys: tuple[tuple[str, Any], ...] = ()
    """Sorted by name, with what stands for a key that is left out."""
    always: tuple[Member, ...] = ()
    """The fields that are there in any case."""


class Unkeyed(ValueError):
    """An item of a list that cannot be told apart from others; the text is upstream's."""


def of(shape: Shape) -> Type:
    """What `shape` is here. It is worked out once."""
    if isinstance(shape.managed, Type):
        return shape.managed
    made = Type(Kind.LEAF)
    shape.managed = made  # Before its parts are looked at: shapes may contain themselves.
    _fill(made, shape)
    return made


def _fill(made: Type, shape: Shape) -> None:
    match shape.type:
        case "any":
            made.kind = Kind.DEDUCED
        case "map":
            made.kind, made.holds, made.items = Kind.MAP, "map", of(shape.items) if shape.items else DEDUCED
        case "object":
            made.kind, made.holds = Kind.MAP, "map"
            made.items = of(shape.items) if shape.items else None
            made.fields = {name: _member(name, known) for name, known in shape.fields.items()}
            made.always = tuple(known for known in made.fields.values() if known.nothing is not MISSING)
        case "list":
            made.holds, made.items = "list", of(shape.items) if shape.items else DEDUCED
            if shape.list_type in ("set", "map") and shape.items:
                made.kind = Kind.LIST
            if shape.list_type == "map" and shape.items:
                made.keys = tuple((name, _key_default(shape.items, name)) for name in sorted(shape.list_keys))
        case scalar:
            made.holds = _SCALARS[scalar]
    if shape.atomic:
        made.kind = Kind.LEAF


def _member(name: str, known: Field) -> Member:
    nothing = {"struct": cast("Any", {}), "null": None, "zero": _ZEROS.get(known.shape.type, "")}
    return Member(f"f:{name}", of(known.shape), known.empty, nothing.get(known.empty, MISSING))


def _key_default(items: Shape, name: str) -> Any:
    if (known := items.fields.get(name)) is None:
        return None
    if known.default is None and known.empty == "zero":
        return _ZEROS.get(known.shape.type)
    return known.default


DEDUCED = Type(Kind.DEDUCED)


def element_of(kind: Type, item: Any) -> str:
    """What tells `item` of a list apart. Raises Unkeyed."""
    if not kind.keys:
        return _element_of_value(item)
    if item is None:
        raise Unkeyed("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise Unkeyed("associative list with keys may not have non-map elements")
    given = cast("dict[str, Any]", item)
    found: dict[str, Any] = {}
    for name, default in kind.keys:
        found[name] = given.get(name, default)
        if found[name] is None and name not in given:
            why = f"associative list with keys has an element that omits key field {orjson.dumps(name).decode()}"
            raise Unkeyed(f"{why} (and doesn't have default value)")
    return elements.of_keys(found)


def _element_of_value(item: Any) -> str:
    if isinstance(item, dict):
        raise Unkeyed("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise Unkeyed("not supported: associative list with lists as elements")
    if item is None:
        raise Unkeyed("associative list without keys has an element that's an explicit null")
    return elements.of_value(item)


def same(kind: Type, live: Any, other: Any, *, plain: bool) -> bool:
    """True if two values are equal once Go has made structs of both, or of `live` alone if the other is `plain`."""
    if live == other:
        return True
    if kind.holds == "map" and isinstance(live, dict) and isinstance(other, dict):
        return _same_map(kind, cast("dict[str, Any]", live), cast("dict[str, Any]", other), plain=plain)
    if kind.holds == "list" and isinstance(live, list) and isinstance(other, list):
        items, others = cast("list[Any]", live), cast("list[Any]", other)
        inner = kind.items or DEDUCED
        pairs = zip(items, others, strict=False)
        return len(items) == len(others) and all(same(inner, *pair, plain=plain) for pair in pairs)
    return False


def _same_map(kind: Type, live: dict[str, Any], other: dict[str, Any], *, plain: bool) -> bool:
    for name in {**live, **other}:
        known = kind.fields.get(name)
        left, right = live.get(name, MISSING), other.get(name, MISSING)
        if known is not None:
            left = known.seen(left)
            if not plain or right is MISSING:
                right = known.seen(right)
        if left is MISSING or right is MISSING:
            if left is not right:
                return False
        elif not same(known.type if known else kind.items or DEDUCED, left, right, plain=plain):
            return False
    return True
