"""Lists in a strategic merge patch: items found by their merge key, and the order of what comes out.

Several items may have the same key (a container's port 53 on UDP and on TCP): a change goes to the first of them, a
deletion takes all, and none is lost. Positions are looked up in tables: long lists cost no more than their length.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from podvisor.types.patch import go
from podvisor.types.patch.errors import BadPatch

Json = dict[str, Any]
Identity: TypeAlias = tuple[type, Any]
"""A plain value that equals only what Go takes for equal: 1 is neither 1.0 nor true."""

DIRECTIVE = "$patch"


@dataclass(frozen=True, slots=True)
class Merging:
    """How the items of a list are joined."""

    key: str
    """The field that tells items apart; empty for a list of plain values."""
    merge: Callable[[Json, Json], Json]
    deletes: bool = False
    """True if the values of the patch are to be removed."""


def identity(value: Any) -> Identity:
    """A plain value as a key of a table. Raises BadPatch for a list or an object."""
    if isinstance(value, list | dict):
        raise BadPatch(f"a plain value is needed in a list of values or as a merge key, not {go.text(value)}")
    return type(value), value  # pyright: ignore[reportUnknownVariableType]


def is_directed(item: Any) -> bool:
    """True if it is an object with a directive."""
    return isinstance(item, dict) and DIRECTIVE in item


def merge(old: list[Any], new: list[Any], how: Merging) -> list[Any]:
    """The list after the patch `new`. Raises BadPatch."""
    if not old and not new:
        return old
    if check_types(old, new) is not dict:
        if how.deletes:
            removed = {identity(value) for value in new}
            return [value for value in old if identity(value) not in removed]
        joined = [value for _, value in dict.fromkeys(map(identity, (*old, *new)))]
        return _woven(joined, new, old, how.key)
    if not how.key:
        raise BadPatch("cannot merge lists without merge key for struct")
    live, changes = _special(old, new, how.key)
    merged = _changed(live, changes, how)
    return _woven(merged, changes, live, how.key)


def reordered(merged: list[Any], order: list[Any], live: list[Any], key: str) -> list[Any]:
    """`merged` with the items that `order` names in that order, the others as they stand in `live`. Raises BadPatch."""
    return _woven(merged, order, live, key)


def left_of(old: list[Json], new: list[Json], key: str) -> list[Json]:
    """The old list as it orders what the patch does not name, once the patch has been merged into it.

    apimachinery deletes and adds in place, and then reads the whole length of the old list again: behind what is left
    stand the first added items, and what was last at the time of each deletion.
    """
    ranks: dict[Identity, int] = {}
    for item in new:
        if _deletes(item) and key in item:
            ranks.setdefault(identity(item[key]), len(ranks))
    if not ranks:
        return old
    deleted = [(ranks[_key(item, key)], place) for place, item in enumerate(old) if _key(item, key) in ranks]
    gone: set[int] = set()
    behind: list[Json] = []
    end = len(old) - 1
    for _, place in sorted(deleted):
        behind.append(old[end])
        gone.add(place)
        while end in gone:
            end -= 1
    left = [item for place, item in enumerate(old) if place not in gone]
    known = {_key(item, key) for item in left}
    added: dict[Identity, Json] = {}
    for item in new:
        if DIRECTIVE not in item and _key(item, key) not in known:
            added.setdefault(_key(item, key), item)
    return [*left, *added.values(), *behind[::-1][len(added) :]]


def _deletes(item: Any) -> bool:
    return is_directed(item) and item[DIRECTIVE] == "delete"


def check_order(new: list[Any], order: list[Any], key: str) -> None:
    """Raises BadPatch if the items of a patch do not come in the order that they are to have."""
    if not order or not new:
        return
    for item in new if key else ():
        if not isinstance(item, dict):
            raise _bad_type("map[string]interface {}", item)
    left = deque(item for item in new if not (key and _deletes(item)))
    for wanted in order:
        # Directives are passed over only while the order goes on: one behind its end is an error, as in apimachinery.
        while left and key and is_directed(left[0]):
            left.popleft()
        if left and _key(left[0], key) == _key(wanted, key):
            left.popleft()
    if left:
        why = f"The order in patch list:\n{go.text(new)}\n doesn't match $setElementOrder list:\n{go.text(order)}\n"
        raise BadPatch(why)


def _special(old: list[Json], new: list[Json], key: str) -> tuple[list[Json], list[Json]]:
    """The old items without those that the patch deletes, and the patch without directives."""
    deleted: set[Identity] = set()
    replaces = False
    for item in new:
        match item.get(DIRECTIVE, ""):
            case "" if DIRECTIVE not in item:
                continue
            case "delete":
                deleted.add(_key(item, key))
            case "replace":
                replaces = True
            case "merge":
                raise BadPatch("merging lists cannot yet be specified in the patch")
            case other:
                raise BadPatch(f"unknown patch type: {go.text(other)} in map: {go.text(item)}")
    changes = [item for item in new if DIRECTIVE not in item]
    if replaces:
        return changes, []
    return [item for item in old if key not in item or identity(item[key]) not in deleted], changes


def _changed(live: list[Json], changes: list[Json], how: Merging) -> list[Json]:
    """Each change merged into the first item with its key, or added."""
    merged = list(live)
    places: dict[Identity, int] = {}
    for place, item in enumerate(merged):
        if how.key in item:
            places.setdefault(identity(item[how.key]), place)
    for change in changes:
        wanted = _key(change, how.key)
        if wanted in places:
            merged[places[wanted]] = how.merge(merged[places[wanted]], change)
        else:
            places[wanted] = len(merged)
            merged.append(change)
    return merged


def _woven(merged: list[Any], named: Sequence[Any], live: Sequence[Any], key: str) -> list[Any]:
    """The items that the patch names in its order, the others woven in as the live list has them.

    An item that the patch does not name goes before the first named item that follows it in the live list, and after
    all of them if there is none.
    """
    order, places = _places(named, key), _places(live, key)
    ours = [item for item in merged if _key(item, key) in order]
    others = [item for item in merged if _key(item, key) not in order]
    return _weave(_sorted(ours, order, key), _sorted(others, places, key), places, key)


def _weave(ours: list[Any], others: list[Any], places: dict[Identity, int], key: str) -> list[Any]:
    woven: list[Any] = []
    left = right = 0
    while left < len(others) and right < len(ours):
        before, after = places.get(_key(others[left], key)), places.get(_key(ours[right], key))
        if before is not None and after is not None and before < after:
            woven.append(others[left])
            left += 1
        else:
            woven.append(ours[right])
            right += 1
    return woven + ours[right:] + others[left:]


def _places(items: Sequence[Any], key: str) -> dict[Identity, int]:
    """Where each key stands first."""
    places: dict[Identity, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_key(item, key), place)
    return places


def _sorted(items: list[Any], places: dict[Identity, int], key: str) -> list[Any]:
    """In the order of `places`. What has none there comes first, the last one before the others: that is what
    apimachinery's insertion sort makes of a comparison that always holds for the unknown."""
    last = [item for item in items if _deletes(item)]
    known = [item for item in items if _key(item, key) in places and not _deletes(item)]
    unknown = [item for item in items if _key(item, key) not in places and not _deletes(item)]
    return unknown[::-1] + sorted(known, key=lambda item: places[_key(item, key)]) + last


def _key(item: Any, key: str) -> Identity:
    """What tells `item` apart. Raises BadPatch if it lacks its merge key."""
    if not key:
        return identity(item)
    if not isinstance(item, dict):
        raise _bad_type("map[string]interface {}", item)
    entry = cast("Json", item)
    if key not in entry:
        raise BadPatch(f"map: {go.text(entry)} does not contain declared merge key: {key}")
    return identity(entry[key])


def check_types(*lists: list[Any]) -> type:
    """The one type of all items. Raises BadPatch if there are several, or no items."""
    types: set[type] = {type(item) for items in lists for item in items}  # pyright: ignore[reportUnknownVariableType]
    if not types:
        raise BadPatch("no elements in any of the given slices")
    if list in types:
        raise BadPatch("lists of lists are not supported")
    if len(types) > 1:
        raise BadPatch(f"list element types are not identical: {go.text(list(lists))}")
    return types.pop()


def _bad_type(expected: str, item: Any) -> BadPatch:
    return BadPatch(f"expected a {expected}, but received a {go.type_name(item)}")
