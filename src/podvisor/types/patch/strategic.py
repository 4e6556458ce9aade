"""Strategic merge patch: a merge patch that knows which lists are keyed.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md

    $patch: replace | delete              on an object or on an item of a keyed list
    $retainKeys: [...]                    drop every other field of this object
    $deleteFromPrimitiveList/<field>      remove these values from a list of plain values
    $setElementOrder/<field>              the order of the items afterwards

Results and errors are those of apimachinery's `strategicpatch`, oddities included: clients compute their patches with
that library and count on them. Where it panics (a list or an object as a merge key) this is a BadPatch.
"""

from typing import Any, cast

from podvisor.types.patch import go, keyed, merge
from podvisor.types.patch.errors import BadPatch
from podvisor.types.schema import Field, Shape

Json = dict[str, Any]

_RETAIN = "$retainKeys"
_DELETE = "$deleteFromPrimitiveList"
_ORDER = "$setElementOrder"
_BAD_RETAIN = "invalid patch format of retainKeys"
_BAD_ORDER = "invalid patch format of setElementOrder list"
_BAD_DELETE = "invalid patch format of primitive list"


def apply(shape: Shape, target: Json, patch: Json) -> Json:
    """`target`, an object of `shape`, with `patch` merged in. Raises BadPatch."""
    if keyed.DIRECTIVE in patch:
        return _directed(patch)
    result = _retained(target, patch)
    ordered = {key: value for key, value in patch.items() if key.startswith(_ORDER)}
    done = {_RETAIN, *ordered}
    for key, order in ordered.items():
        done.add(_set_order(shape, result, patch, key, order))
    for key, value in patch.items():
        if key not in done:
            _set_field(shape, result, key, value)
    return result


def _directed(patch: Json) -> Json:
    match patch[keyed.DIRECTIVE]:
        case "replace":
            return {key: value for key, value in patch.items() if key != keyed.DIRECTIVE}
        case "delete":
            return {}
        case other:
            raise BadPatch(f"unknown patch type: {go.text(other)} in map: {go.text(patch)}")


def _retained(target: Json, patch: Json) -> Json:
    """A copy of `target` without what `$retainKeys` does not name."""
    if _RETAIN not in patch:
        return dict(target)
    kept = patch[_RETAIN]
    if not isinstance(kept, list):
        raise BadPatch(_BAD_RETAIN)
    names = {keyed.identity(name)[1] for name in cast("list[Any]", kept)}
    for key, value in patch.items():
        if key != _RETAIN and value is not None and not key.startswith((_DELETE, _ORDER)) and key not in names:
            raise BadPatch(_BAD_RETAIN)
    return {key: value for key, value in target.items() if key in names}


def _set_order(shape: Shape, result: Json, patch: Json, key: str, order: Any) -> str:
    """Merge one list and bring it into the order of a directive; the name of its field."""
    name = _named(key, _ORDER, _BAD_ORDER)
    wanted, old, new = _list(order), _list(result.get(name, [])), _list(patch.get(name, []))
    lists = _list_field(shape, name)
    keyed.check_order(new, wanted, lists.merge_key)
    if name in result and name in patch:
        merged = _merge_list(lists, old, new, deletes=False)
    elif name in patch:
        merged = cast("list[Any]", _undirected(new))
    elif name in result:
        merged = old
    else:
        return ""
    merges = "merge" in lists.strategies and lists.merge_key
    live = keyed.left_of(old, new, lists.merge_key) if merges else old
    result[name] = keyed.reordered(merged, wanted, live, lists.merge_key)
    keyed.check_types(old, new)
    return name


def _set_field(shape: Shape, result: Json, key: str, value: Any) -> None:
    deletes = key.startswith(_DELETE)
    if deletes:
        key = _named(key, _DELETE, _BAD_DELETE)
    if value is None:
        result.pop(key, None)
    elif key not in result or type(result[key]) is not type(value):
        if not deletes:
            _put(result, key, merge.without_nulls(value))
    elif isinstance(value, dict):
        result[key] = _merge_object(_field(shape, key), result[key], cast("Json", value))
    elif isinstance(value, list):
        result[key] = _merge_list(_list_field(shape, key), result[key], cast("list[Any]", value), deletes=deletes)
    else:
        _put(result, key, value)


def _put(result: Json, key: str, value: Any) -> None:
    """Set a field, but for an object with a directive: there is nothing that it could change."""
    if isinstance(value, dict) and keyed.DIRECTIVE in value:
        result.pop(key, None)
    else:
        result[key] = _undirected(value)


def _merge_object(field: Field, old: Json, new: Json) -> Json:
    return new if "replace" in field.strategies else apply(field.shape, old, new)


def _merge_list(field: Field, old: list[Any], new: list[Any], *, deletes: bool) -> list[Any]:
    if "merge" not in field.strategies and not deletes:
        return new
    inner = field.shape.items or Shape("any")

    def merge(item: Json, change: Json) -> Json:
        return apply(inner, item, change)

    return keyed.merge(old, new, keyed.Merging(field.merge_key, merge, deletes=deletes))


def _field(shape: Shape, key: str) -> Field:
    """What is known of a field that is an object in both. Raises BadPatch if it should not be."""
    if shape.type == "object" and key in shape.fields:
        return shape.fields[key]
    if shape.type in ("object", "any"):
        raise BadPatch(f'unable to find api field in struct {shape.name} for the json field "{key}"')
    kind = {"list": "slice", "integer": "int64", "boolean": "bool"}.get(shape.type, shape.type)
    raise BadPatch(f"merging an object in json but data type is not struct, instead is: {kind}")


def _list_field(shape: Shape, key: str) -> Field:
    field = _field(shape, key)
    if field.shape.type != "list":
        raise BadPatch("expected slice or array type, but got: struct")
    return field


def _named(key: str, prefix: str, why: str) -> str:
    """The field that a directive is about."""
    found, slash, name = key.partition("/")
    if not slash or found != prefix:
        raise BadPatch(why)
    return name


def _list(value: Any) -> list[Any]:
    """Raises BadPatch if it is none."""
    if not isinstance(value, list):
        raise BadPatch(f"expected a []interface {{}}, but received a {go.type_name(value)}")
    return cast("list[Any]", value)


def _undirected(value: Any) -> Any:
    """`value` without the objects in it that carry a directive."""
    if isinstance(value, dict):
        items = cast("Json", value).items()
        return {key: _undirected(item) for key, item in items if not keyed.is_directed(item)}
    if isinstance(value, list):
        return [_undirected(item) for item in cast("list[Any]", value) if not keyed.is_directed(item)]
    return value
