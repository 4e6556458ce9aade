"""Fields taken out of an object: what its last configuration had and its new one no longer has."""

from typing import Any, cast

from podvisor.types.managed import sets, typed
from podvisor.types.managed.sets import Fields
from podvisor.types.managed.typed import Kind, Type

Json = dict[str, Any]


def remove(kind: Type, value: Any, fields: Fields) -> Any:
    """`value` without the members of `fields`. A list or map of which nothing is left is null."""
    if kind.kind is Kind.LIST:
        return _of_list(kind, value, fields)
    if kind.kind is Kind.MAP or (kind.kind is Kind.DEDUCED and isinstance(value, dict)):
        return _of_map(kind, value, fields)
    # Nothing is left of something atomic of which a part shall go; a plain value has no parts.
    return None if kind.holds in ("list", "map") or isinstance(value, list | dict) else value


def _of_map(kind: Type, value: Any, fields: Fields) -> Any:
    result: Json = {}
    for name, item in cast("Json", value if isinstance(value, dict) else {}).items():
        known = kind.fields.get(name)
        below = fields.get(f"f:{name}")
        if below is None:
            result[name] = item
        elif not sets.is_member(below):
            result[name] = remove(known.type if known else kind.items or typed.DEDUCED, item, below)
    return result or None


def _of_list(kind: Type, value: Any, fields: Fields) -> Any:
    assert kind.items is not None
    result: list[Any] = []
    for item in cast("list[Any]", value if isinstance(value, list) else []):
        below = fields.get(typed.element_of(kind, item))
        if below is None:
            result.append(item)
        elif not sets.is_member(below):
            result.append(remove(kind.items, item, below))
    return result or None


def with_structs(kind: Type, fields: Fields) -> Fields:
    """`fields`, and as members also the named fields above them, which sets usually leave out."""
    result: Fields = {}
    for element, below in fields.items():
        if element == sets.SELF:
            continue
        inner, is_struct_field = _below(kind, element)
        children = with_structs(inner, below) if below else below
        if is_struct_field or sets.is_member(below):
            result[element] = {sets.SELF: {}, **children} if children else {}
        else:
            result[element] = children
    return result


def _below(kind: Type, element: str) -> tuple[Type, bool]:
    """The type below `element`, and True if that is a field which the type of its owner names."""
    if element.startswith("f:") and (known := kind.fields.get(element[2:])) is not None:
        return known.type, True
    return kind.items or typed.DEDUCED, False
