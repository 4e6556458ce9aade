"""A configuration merged into an object: nothing is removed, and what both have is as the configuration has it."""

from typing import Any, cast

from podvisor.types.managed import typed
from podvisor.types.managed.typed import MISSING, Kind, Type


class Duplicate(ValueError):
    """A configuration names an item twice; the text is upstream's, but for the element."""


def merge(kind: Type, live: Any, config: Any) -> Any:
    """`config` merged into `live`, either of which may be `MISSING`. Raises Unkeyed or Duplicate.

    A list comes in the order of the configuration; items that only `live` has stay where they are between those of
    both. A result that would be empty where one of the two is not is `MISSING`.
    """
    if kind.kind is Kind.LIST:
        return _list(kind, live, config)
    if kind.kind is Kind.MAP or (kind.kind is Kind.DEDUCED and _is_map(live, config)):
        return _map(kind, live, config)
    return live if config is MISSING else config


def _is_map(live: Any, config: Any) -> bool:
    """True if two values without a schema are merged by entry: null is whatever the other is."""
    return isinstance(config, dict) or ((config is None or config is MISSING) and isinstance(live, dict))


def _map(kind: Type, live: Any, config: Any) -> Any:
    if not _is_full(live, dict) and not _is_full(config, dict):
        return live if config is MISSING else config
    old, new = _dict(live), _dict(config)
    result: dict[str, Any] = {}
    for name in (*old, *(name for name in new if name not in old)):
        known = kind.fields.get(name)
        inner = known.type if known else kind.items or typed.DEDUCED
        merged = merge(inner, old.get(name, MISSING), new.get(name, MISSING))
        if merged is not MISSING:
            result[name] = merged
    return result or MISSING


def _list(kind: Type, live: Any, config: Any) -> Any:
    if not _is_full(live, list) and not _is_full(config, list):
        return live if config is MISSING else config
    assert kind.items is not None
    old = [(typed.element_of(kind, item), item) for item in _items(live)]
    new = _distinct(kind, _items(config))
    values = _values(old)
    result: list[Any] = []
    for element, item in _woven(old, new):
        ours = values.get(element, MISSING) if element in new else item
        merged = merge(kind.items, ours, new.get(element, MISSING))
        if merged is not MISSING:
            result.append(merged)
    return result or MISSING


def _distinct(kind: Type, items: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        element = typed.element_of(kind, item)
        if element in found:
            raise Duplicate(element)
        found[element] = item
    return found


def _values(old: list[tuple[str, Any]]) -> dict[str, Any]:
    """The live items by element; several of one element merge with nothing."""
    found: dict[str, Any] = {}
    for element, item in old:
        found[element] = None if element in found else item
    return found


def _woven(old: list[tuple[str, Any]], new: dict[str, Any]) -> list[tuple[str, Any]]:
    """The elements of the result in order, with the live items of those that only `old` has."""
    present = {element for element, _ in old}
    shared = iter([element for element in new if element in present])
    awaited = next(shared, None)
    result: list[tuple[str, Any]] = []
    done: set[str] = set()
    left, right, names = 0, 0, list(new)
    while left < len(old) or right < len(names):
        element, item = old[left] if left < len(old) else ("", None)
        if left < len(old) and right < len(names):
            if element == names[right]:
                result.append((element, item))
                done.add(element)
                left, right, awaited = left + 1, right + 1, next(shared, None)
                continue
            if element in new and awaited is not None and element != awaited:
                left += 1  # An item of both, but not the one whose turn it is.
                continue
        if left < len(old):
            if element not in new:
                result.append((element, item))
                left += 1
                continue
            if element in done:
                left += 1
        if right < len(names):
            result.append((names[right], None))
            done.add(names[right])
            if names[right] == awaited:
                awaited = next(shared, None)
            right += 1
    return result


def _is_full(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and bool(value)


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
