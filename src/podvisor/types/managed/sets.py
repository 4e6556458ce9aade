"""Sets of fields, as FieldsV1 has them: `{"f:spec": {"f:replicas": {}, "f:ports": {".": {}, "f:x": {}}}}`.

An element is a member if nothing stands below it, or `.` does. Sets are never changed: results share their parts.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

from podvisor.types.managed import elements
from podvisor.types.managed.elements import SELF

Fields: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str, ...]


def is_member(node: Fields) -> bool:
    """True if the element above `node` belongs to the set itself."""
    return not node or SELF in node


def node(children: Fields, *, member: bool) -> Fields | None:
    """What stands for an element with `children` below it, None if nothing has to."""
    if not children:
        return {} if member else None
    return {SELF: {}, **children} if member else children


def union(left: Fields, right: Fields) -> Fields:
    """What is in either."""
    if not left or not right:
        return left or right
    result = dict(left)
    for element, below in right.items():
        if element != SELF:
            result[element] = _joined(result[element], below) if element in result else below
    return result


def _joined(left: Fields, right: Fields) -> Fields:
    children = union(_children(left), _children(right))
    return node(children, member=is_member(left) or is_member(right)) or {}


def intersection(left: Fields, right: Fields) -> Fields:
    """What is in both."""
    result: Fields = {}
    for element, below in left.items():
        other = right.get(element)
        if element == SELF or other is None:
            continue
        children = intersection(_children(below), _children(other))
        if (kept := node(children, member=is_member(below) and is_member(other))) is not None:
            result[element] = kept
    return result


def difference(left: Fields, right: Fields) -> Fields:
    """What is in `left` and not in `right`. A member of `right` takes away nothing that lies below it."""
    result: Fields = {}
    for element, below in left.items():
        if element == SELF:
            continue
        other = right.get(element)
        if other is None:
            result[element] = below
            continue
        children = difference(_children(below), _children(other))
        if (kept := node(children, member=is_member(below) and not is_member(other))) is not None:
            result[element] = kept
    return result


def without(left: Fields, right: Fields) -> Fields:
    """What is in `left` and neither in `right` nor below a member of it. Quick where `right` is small."""
    result = left
    for element, other in right.items():
        below = left.get(element)
        if element == SELF or below is None:
            continue
        children = {} if is_member(other) else without(_children(below), other)
        kept = node(children, member=is_member(below) and not is_member(other))
        if result is left:
            result = dict(left)
        if kept is None:
            del result[element]
        else:
            result[element] = kept
    return result


def has(fields: Fields, path: Path) -> bool:
    """True if the field at `path` is a member."""
    below: Fields | None = fields
    for element in path:
        below = below.get(element) if below is not None else None
    return bool(path) and below is not None and is_member(below)


def paths(fields: Fields, prefix: Path = ()) -> Iterator[Path]:
    """Every member: at each level first those of the level, in order, then those below."""
    names = sorted(_children(fields), key=elements.order)
    yield from ((*prefix, name) for name in names if is_member(fields[name]))
    for name in names:
        yield from paths(fields[name], (*prefix, name))


def shown(path: Path) -> str:
    """As messages name a field: `.spec.ports[port=80].name`."""
    return "".join(map(elements.shown, path))


def ordered(fields: Fields) -> Fields:
    """The same set in the order in which it is written."""
    names = sorted(fields)
    # Nearly all are fields: these are in the order of their text, behind the element for the set itself.
    if names and not (names[-1][0] == "f" and names[names[0] == SELF][0] == "f"):
        names = sorted(fields, key=elements.order)
    return {name: ordered(below) if (below := fields[name]) else below for name in names}


def read(fields: Any) -> Fields:
    """A set that somebody else has written, in our writing. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError("a set of fields must be an object")
    result: Fields = {}
    given: Fields = fields  # pyright: ignore[reportUnknownVariableType]
    for element, below in given.items():
        if element == SELF or (name := elements.canonical(element)) is None:
            continue
        children = read(below)
        kept = node(children, member=not children or SELF in below) or {}
        result[name] = _joined(result[name], kept) if name in result else kept
    return result


def _children(fields: Fields) -> Fields:
    return {name: below for name, below in fields.items() if name != SELF} if SELF in fields else fields
