"""Lists of which no two items may be alike: sets, and maps with keys (`x-kubernetes-list-type`).

As apiextensions-apiserver's `pkg/apiserver/schema/listtype`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson

from podvisor.types.field import Error, Path
from podvisor.types.structural import go
from podvisor.types.structural.node import Json, Node


def check(value: Any, node: Node | None, path: Path) -> Iterator[Error]:
    """Objections to the lists in a value."""
    if node is None or not node.has_lists:
        return
    if isinstance(value, dict):
        for name, item in cast("Json", value).items():
            if name in node.properties:
                yield from check(item, node.properties[name], path.child(name))
            else:
                yield from check(item, node.additional, path.key(name))
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        if node.list_type == "set":
            yield from (_duplicate(path.at(index), items[index]) for index in _repeated(items))
        elif node.list_type == "map":
            yield from _map(items, node.list_keys, path)
        for index, item in enumerate(items):
            yield from check(item, node.items, path.at(index))


def _map(items: list[Any], names: Sequence[str], path: Path) -> Iterator[Error]:
    for index, item in enumerate(items):
        if item is not None and not isinstance(item, dict):
            why = "must be an object for an array of list-type map"
            yield Error(path.at(index), "FieldValueInvalid", f"Invalid value: {go.shown(item)}: {why}")
            return
    given = [cast("Json", item) if isinstance(item, dict) else Json() for item in items]
    keys = [{name: item[name] for name in names if name in item} for item in given]
    yield from (_duplicate(path.at(index), keys[index]) for index in _repeated(keys))


def _duplicate(path: Path, value: Any) -> Error:
    return Error(path, "FieldValueDuplicate", f"Duplicate value: {go.shown(value)}")


def _repeated(items: Sequence[Any]) -> Iterator[int]:
    """Where a value stands for the second time."""
    times: dict[bytes, int] = {}
    for index, item in enumerate(items):
        key = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        times[key] = times.get(key, 0) + 1
        if times[key] == 2:
            yield index
