"""What two objects of a type differ in, and which fields an object has."""

from dataclasses import dataclass, field
from typing import Any, cast

from podvisor.types.managed import sets, typed
from podvisor.types.managed.sets import Fields
from podvisor.types.managed.typed import MISSING, Kind, Type


@dataclass(slots=True)
class Comparison:
    """The fields of one object, and of another after it. No field is in two of them."""

    removed: Fields = field(default_factory=dict[str, Any])
    modified: Fields = field(default_factory=dict[str, Any])
    added: Fields = field(default_factory=dict[str, Any])
    plain: bool = False
    """True if the other object is as it was written, rather than as Go's struct of it would be."""

    def put(self, element: str, below: "Comparison") -> None:
        """Let what differs below `element` stand there."""
        for ours, theirs in ((self.removed, below.removed), (self.modified, below.modified), (self.added, below.added)):
            if theirs:
                ours[element] = theirs


def compare(kind: Type, old: Any, new: Any, *, plain: bool = False) -> Comparison:
    """What is removed, modified and added from `old` to `new`. Raises Unkeyed.

    Both are taken for what Go's struct makes of them, `new` not if it is `plain`: merged, and not decoded yet.
    """
    found = Comparison(plain=plain)
    _below(kind, old, new, found)
    return found


def fields_of(kind: Type, value: Any) -> Fields:
    """Every field that `value`, a configuration, speaks of."""
    return _fields_below(kind, value)


def _pair(element: str, kind: Type, old: Any, new: Any, found: Comparison) -> None:
    """Compare what stands at `element` in both."""
    if new is MISSING:
        if old is not MISSING:
            found.removed[element] = _whole(kind, old)
    elif old is MISSING:
        found.added[element] = _whole(kind, new, plain=found.plain)
    elif old != new and (kind.kind is not Kind.LEAF or not typed.same(kind, old, new, plain=found.plain)):
        below = Comparison(plain=found.plain)
        if _differs_as_a_whole(kind, old, new):
            found.modified[element] = {}
        if kind.kind is not Kind.LEAF:
            _below(kind, old, new, below)
            _merge(element, below, found)


def _merge(element: str, below: Comparison, found: Comparison) -> None:
    whole = element in found.modified
    found.put(element, below)
    if whole and below.modified:
        found.modified[element] = {sets.SELF: {}, **below.modified}


def _differs_as_a_whole(kind: Type, old: Any, new: Any) -> bool:
    match kind.kind:
        case Kind.LEAF:
            return True
        case Kind.DEDUCED:
            plain = [value for value in (old, new) if not isinstance(value, dict) and value is not None]
            return bool(plain) or not (old or new)
        case _:
            return not old and not new


def _below(kind: Type, old: Any, new: Any, found: Comparison) -> None:
    if kind.kind is Kind.LIST:
        _items(kind, _list(old), _list(new), found)
    elif kind.kind in (Kind.MAP, Kind.DEDUCED):
        _entries(kind, _map(old), _map(new), found)


def _entries(kind: Type, old: dict[str, Any], new: dict[str, Any], found: Comparison) -> None:
    for name, after in new.items():
        before = old.get(name, MISSING)
        if before is not after and before != after:
            _entry(kind, name, (before, after), found)
    for name, before in old.items():
        if name not in new:
            _entry(kind, name, (before, MISSING), found)


def _entry(kind: Type, name: str, values: tuple[Any, Any], found: Comparison) -> None:
    before, after = values
    if (known := kind.fields.get(name)) is not None:
        _pair(known.element, known.type, known.seen(before), after if found.plain else known.seen(after), found)
    else:
        _pair(f"f:{name}", kind.items or typed.DEDUCED, before, after, found)


def _items(kind: Type, old: list[Any], new: list[Any], found: Comparison) -> None:
    """Items that several have in common are compared as one leaf."""
    before, after = _by_element(kind, old), _by_element(kind, new)
    assert kind.items is not None
    for element in (*after, *(element for element in before if element not in after)):
        left, right = before.get(element, []), after.get(element, [])
        if len(left) < 2 and len(right) < 2:
            _pair(element, kind.items, left[0] if left else MISSING, right[0] if right else MISSING, found)
        elif len(left) > 1 and len(right) > 1:
            if left != right:
                found.modified[element] = {}
        elif len(left) > 1:
            found.removed[element] = {}
            if right:
                found.added[element] = _whole(kind.items, right[0], plain=found.plain)
        else:
            found.added[element] = {}
            if left:
                found.removed[element] = _whole(kind.items, left[0])


def _whole(kind: Type, value: Any, *, plain: bool = False) -> Fields:
    """The set of all that stands in `value`, which is new or gone: a member itself, and so is all below it."""
    children: Fields = {}
    if kind.kind is Kind.LIST:
        assert kind.items is not None
        for element, items in _by_element(kind, _list(value)).items():
            children[element] = _whole(kind.items, items[0], plain=plain) if len(items) == 1 else {}
    elif kind.kind is not Kind.LEAF:
        for name, item in _map(value).items():
            if (known := kind.fields.get(name)) is None:
                children[f"f:{name}"] = _whole(kind.items or typed.DEDUCED, item, plain=plain)
            elif (seen := item if plain else known.seen(item)) is not MISSING:
                children[known.element] = _whole(known.type, seen, plain=plain)
        for known in kind.always if value is not None and not plain else ():
            if known.element not in children:
                children[known.element] = _whole(known.type, known.nothing)
    return {sets.SELF: {}, **children} if children else {}


def _fields_below(kind: Type, value: Any) -> Fields:
    children: Fields = {}
    if kind.kind is Kind.LIST:
        assert kind.items is not None
        for element, items in _by_element(kind, _list(value)).items():
            whole = len(items) > 1 or _is_leaf(kind.items, items[0])
            children[element] = sets.node({} if whole else _fields_below(kind.items, items[0]), member=True) or {}
        return children
    for name, item in _map(value).items():
        known = kind.fields.get(name)
        inner = known.type if known else kind.items or typed.DEDUCED
        below = {} if _is_leaf(inner, item) else _fields_below(inner, item)
        member = known is None or _is_leaf(inner, item) or item is None or item == {}
        if (kept := sets.node(below, member=member)) is not None:
            children[f"f:{name}"] = kept
    return children


def _is_leaf(kind: Type, value: Any) -> bool:
    return kind.kind is Kind.LEAF or (kind.kind is Kind.DEDUCED and value is not None and not isinstance(value, dict))


def _by_element(kind: Type, items: list[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(typed.element_of(kind, item), []).append(item)
    return found


def _map(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
