"""From what somebody sent to an object of its schema: unknown fields and nulls gone, defaults filled in.

As apiextensions-apiserver's `pkg/apiserver/schema/pruning`, `defaulting` and `objectmeta`.
"""

import copy
from dataclasses import dataclass, field
from typing import Any, cast

from podvisor.types import decode
from podvisor.types import schema as schemas
from podvisor.types.field import Path
from podvisor.types.structural.node import META, OBJECT_META, Json, Node

_LONG = 2**53
"""Up to which a floating-point number is the whole number that it shows."""


@dataclass(slots=True)
class Read:
    """What was found on the way."""

    unknown: list[Path] = field(default_factory=list[Path])
    """The paths of the fields that were pruned."""


def read(node: Node, item: Json) -> Read:
    """Make `item` an object of a schema: prune what this does not know, in place, and read the metadata.

    Raises decode.WrongType for metadata of the wrong types.
    """
    found = Read()
    root = Path("")
    metadata = _metadata(item, root, found)
    _prune(item, node, root, found, is_root=True)
    prune_nulls(item, node)
    if node.has_embedded:
        _coerce(item, node, root, found, is_root=True)
    found.unknown.sort()
    if metadata is not None:
        item["metadata"] = metadata
    return found


def prune(value: Any, node: Node) -> list[Path]:
    """Prune a value of a schema, which may be no object, in place; the paths of what was pruned."""
    found = Read()
    _prune(value, node, Path(""), found)
    _coerce(value, node, Path(""), found)
    return found.unknown


def _metadata(item: Json, path: Path, found: Read) -> Json | None:
    """The metadata of an object, read as what they are in every object."""
    if (given := item.get("metadata")) is None:
        return None
    if not isinstance(given, dict):
        raise decode.WrongType(f"json: cannot unmarshal {decode.json_type(given)} into Go value of type v1.ObjectMeta")
    metadata, unknown = decode.conform(schemas.of_definition(OBJECT_META), cast("Json", given))
    prefix = path.child("metadata")
    found.unknown += [prefix.child(text.removeprefix('unknown field "').removesuffix('"')) for text in unknown]
    return metadata


def _prune(value: Any, node: Node | None, path: Path, found: Read, *, is_root: bool = False) -> None:
    if isinstance(value, dict):
        _prune_object(cast("Json", value), node, path, found, is_root=is_root)
    elif isinstance(value, list):
        below = node.items if node is not None else None
        if below is None and node is not None and node.preserves:
            return
        for index, item in enumerate(cast("list[Any]", value)):
            _prune(item, below, path.at(index), found)


def _prune_object(value: Json, node: Node | None, path: Path, found: Read, *, is_root: bool) -> None:
    if node is None:
        found.unknown += [path.child(name) for name in value]
        value.clear()
        return
    keeps_meta = is_root or node.is_embedded
    for name in list(value):
        if keeps_meta and name in META:
            continue
        if (known := node.properties.get(name)) is not None:
            if isinstance(value[name], dict | list):
                _prune(value[name], known, path.child(name), found)
        elif node.has_additional:
            if isinstance(value[name], dict | list):
                _prune(value[name], node.additional, path.child(name), found)
        elif not node.preserves:
            found.unknown.append(path.child(name))
            del value[name]


def prune_nulls(value: Any, node: Node | None) -> None:
    """Remove nulls where a schema allows none and has no default for them."""
    if isinstance(value, dict):
        fields = cast("Json", value)
        for name in list(fields):
            below = node.child(name) if node is not None else None
            if fields[name] is None:
                if below is not None and not below.nullable and below.default is None:
                    del fields[name]
            elif isinstance(fields[name], dict | list):
                prune_nulls(fields[name], below)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            if isinstance(item, dict | list):
                prune_nulls(item, node.items if node is not None else None)


def write_whole_numbers(value: Any) -> Any:
    """The value with 4.0 as 4, as Go writes it: its clients cannot read a whole number otherwise."""
    match value:
        case float() if value.is_integer() and abs(value) < _LONG:
            return int(value)
        case dict():
            return {name: write_whole_numbers(one) for name, one in cast("Json", value).items()}
        case list():
            return [write_whole_numbers(one) for one in cast("list[Any]", value)]
        case _:
            return value


def default(value: Any, node: Node | None) -> None:
    """Fill in the defaults of a schema, in place."""
    if node is None or not node.has_defaults:
        return
    if isinstance(value, dict):
        fields = cast("Json", value)
        for name, below in node.properties.items():
            if below.default is None:
                continue
            if name not in fields or (fields[name] is None and not below.nullable):
                fields[name] = copy.deepcopy(below.default)
        for name, item in fields.items():
            below = node.child(name)
            if item is None and name not in node.properties and below is not None and not below.nullable:
                fields[name] = item = copy.deepcopy(below.default)
            default(item, below)
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        for index, item in enumerate(items):
            if item is None and node.items is not None and not node.items.nullable:
                items[index] = item = copy.deepcopy(node.items.default)
            default(item, node.items)


def _coerce(value: Any, node: Node | None, path: Path, found: Read, *, is_root: bool = False) -> None:
    """Read the metadata of the objects within an object."""
    if node is None or not node.has_embedded:
        return
    if isinstance(value, dict):
        fields = cast("Json", value)
        if node.is_embedded and not is_root:
            _coerce_object(fields, path, found)
        for name, item in fields.items():
            _coerce(item, node.child(name), path.child(name), found)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            _coerce(item, node.items, path.at(index), found)


def _coerce_object(fields: Json, path: Path, found: Read) -> None:
    for name in ("apiVersion", "kind"):
        if name in fields and not isinstance(fields[name], str):
            raise decode.WrongType(f"{path.child(name)}: Invalid value: {fields[name]!r}: must be a string")
    if (metadata := _metadata(fields, path, found)) is not None:
        fields["metadata"] = metadata
