"""Strategic merge patch: a merge patch that knows which lists are keyed.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md

    $patch: replace | delete | merge      on an object or on an item of a keyed list
    $retainKeys: [...]                    drop every other field of this object
    $deleteFromPrimitiveList/<field>      remove these values from a list of plain values
    $setElementOrder/<field>              the order of the items afterwards
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from podvisor.types.patch.errors import BadPatch
from podvisor.types.schema import Field, Shape

Json = dict[str, Any]

Identity = Callable[[Any], Any]
"""What makes an item of a list the same as another."""

_DIRECTIVE = "$patch"
_RETAIN = "$retainKeys"
_DELETE = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def apply(shape: Shape, target: Json, patch: Json) -> Json:
    """`target`, an object of `shape`, with `patch` merged in. Raises BadPatch."""
    match patch.get(_DIRECTIVE):
        case "replace":
            return {key: value for key, value in patch.items() if key != _DIRECTIVE}
        case "delete":
            return {}
        case None | "merge":
            return _merge(shape, _retained(target, patch), patch)
        case other:
            raise BadPatch(f"unknown patch type: {other}")


def _retained(target: Json, patch: Json) -> Json:
    """`target` without what `$retainKeys` does not name."""
    if _RETAIN not in patch:
        return dict(target)
    kept = _plain_list(patch, _RETAIN)
    if set(patch) - {_RETAIN} - set(kept):
        raise BadPatch("patch should not contain any field that is not present in the $retainKeys list")
    return {key: value for key, value in target.items() if key in kept}


def _merge(shape: Shape, result: Json, patch: Json) -> Json:
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            result.pop(key, None)
        else:
            order = _list_of(patch, _ORDER + key) if _ORDER + key in patch else None
            result[key] = _value(_field(shape, key), result.get(key), value, order)
    for key in patch:
        if key.startswith(_DELETE):
            _drop(result, key.removeprefix(_DELETE), _plain_list(patch, key))
        elif key.startswith(_ORDER) and (name := key.removeprefix(_ORDER)) not in patch and name in result:
            result[name] = _value(_field(shape, name), result[name], [], _list_of(patch, key))
    return result


def _field(shape: Shape, key: str) -> Field | None:
    if shape.type == "map" and shape.items:
        return Field(shape.items)
    return shape.fields.get(key)


def _value(field: Field | None, old: Any, new: Any, order: Sequence[Any] | None) -> Any:
    if isinstance(new, dict):
        inner = field.shape if field else Shape("any")
        base = cast("Json", old) if isinstance(old, dict) else {}
        return apply(inner, {} if field and "replace" in field.strategies else base, cast("Json", new))
    if isinstance(new, list) and field and "merge" in field.strategies:
        return _list(field, cast("list[Any]", old) if isinstance(old, list) else [], cast("list[Any]", new), order)
    return _clean(new)


def _list(field: Field, old: list[Any], new: list[Any], order: Sequence[Any] | None) -> list[Any]:
    if not field.merge_key:
        for value in (*new, *(order or ())):
            _check_plain(value)
        joined = old + [value for value in new if value not in old]
        return _ordered(joined, new if order is None else order, old, _itself)
    return _keyed(field, old, new, order)


def _keyed(field: Field, old: list[Json], new: list[Json], order: Sequence[Json] | None) -> list[Json]:
    key, inner = field.merge_key, field.shape.items or Shape("any")
    for item in (*new, *(order or ())):
        _check_object(item)
        _check_plain(item.get(key))
    if any(item.get(_DIRECTIVE) == "replace" and key not in item for item in new):
        return [_clean(item) for item in new if _DIRECTIVE not in item]

    def identity(item: Json) -> Any:
        return item.get(key)

    result = list(old)
    for item in new:
        if key not in item:
            raise BadPatch(f"map: {item} does not contain declared merge key: {key}")
        result = _merged(result, item, inner, identity)
    named = [identity(item) for item in (new if order is None else order)]
    return _ordered(result, named, [identity(item) for item in old], identity)


def _merged(items: list[Json], item: Json, inner: Shape, identity: Identity) -> list[Json]:
    """`items` with one item of the patch deleted, merged into its like, or added."""
    wanted = identity(item)
    if item.get(_DIRECTIVE) == "delete":
        return [candidate for candidate in items if identity(candidate) != wanted]
    for place, candidate in enumerate(items):
        if identity(candidate) == wanted:
            return [*items[:place], apply(inner, candidate, item), *items[place + 1 :]]
    return [*items, apply(inner, {}, item)]


def _itself(item: Any) -> Any:
    return item


def _ordered(result: list[Any], named: Sequence[Any], live: Sequence[Any], identity: Identity) -> list[Any]:
    """The items that the patch names in its order, the others woven in as the live list has them.

    An item that the patch does not name goes before the first named item that follows it in the live list, and after
    all of them if there is none (`mergeSortedSlice` of apimachinery).
    """
    by_key = {identity(item): item for item in result}
    ours = [by_key[key] for key in named if key in by_key]
    others = [item for item in result if identity(item) not in set(named)]
    places = {key: place for place, key in enumerate(live)}
    woven: list[Any] = []
    while ours and others:
        left, right = places.get(identity(others[0])), places.get(identity(ours[0]))
        first = left is not None and right is not None and left < right
        woven.append((others if first else ours).pop(0))
    return woven + ours + others


def _list_of(patch: Json, key: str) -> list[Any]:
    """The list in a directive. Raises BadPatch if it is none."""
    value = patch[key]
    if not isinstance(value, list):
        raise BadPatch(f"{key} must be a list")
    return cast("list[Any]", value)


def _plain_list(patch: Json, key: str) -> list[Any]:
    values = _list_of(patch, key)
    for value in values:
        _check_plain(value)
    return values


def _check_plain(value: Any) -> None:
    """Raises BadPatch for a list or an object where a value is compared with others."""
    if isinstance(value, list | dict):
        raise BadPatch(f"a plain value is needed in a list of values or as a merge key, not {value}")


def _check_object(item: Any) -> None:
    """Raises BadPatch for anything but an object in a list that is merged by key."""
    if not isinstance(item, dict):
        raise BadPatch(f"an item of a list that is merged by key must be an object, not {item}")


def _drop(result: Json, name: str, values: Sequence[Any]) -> None:
    if isinstance(result.get(name), list):
        result[name] = [value for value in result[name] if value not in values]


def _clean(value: Any) -> Any:
    """`value` without nulls and directives, which say nothing where there is nothing to change."""
    if isinstance(value, dict):
        items = cast("Json", value).items()
        return {key: _clean(item) for key, item in items if item is not None and not key.startswith("$")}
    if isinstance(value, list):
        return [_clean(item) for item in cast("list[Any]", value)]
    return value
