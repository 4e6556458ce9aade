"""JSON patch (RFC 6902), with the results and the words of the real server's library (evanphx/json-patch 4).

That one is laxer than the RFC in places that clients count on: a field that is not there can be replaced, and reads as
null; a negative index counts from the end.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import orjson

from podvisor.types.patch.errors import BadPatch, Inapplicable

Json = dict[str, Any]
Operation: TypeAlias = dict[str, Any]
Container: TypeAlias = "dict[str, Any] | list[Any]"

LIMIT = 10_000
"""Operations in one patch, as in the real server."""
COPIED = 3 << 20
"""Bytes that the `copy` operations of one patch may copy together, as in the real server."""


def apply(target: Json, operations: Any) -> Json:
    """`target` after the operations, all of them or none. Raises BadPatch or Inapplicable."""
    if not isinstance(operations, list):
        raise BadPatch("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    listed = cast("list[Any]", operations)
    if len(listed) > LIMIT:
        raise BadPatch(f"The allowed maximum operations in a JSON patch is {LIMIT}, got {len(listed)}")
    document = _Document(_copy(target))
    for given in listed:
        if not isinstance(given, dict):
            raise BadPatch("json: cannot unmarshal into Go value of type jsonpatch.Operation")
        operation = cast("Operation", given)
        kind = operation.get("op")
        if not isinstance(kind, str) or kind not in _KINDS:
            raise Inapplicable(f"Unexpected kind: {kind if isinstance(kind, str) else 'unknown'}")
        _KINDS[kind](document, operation)
    return document.root


class _Document:
    """What the operations so far have made."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied = 0

    def add(self, operation: Operation) -> None:
        path = _path(operation, "path", "add")
        holder, key = self._holder(path, f'add operation does not apply: doc is missing path: "{path}"')
        _insert(holder, key, _copy(operation.get("value")), f"error in add for path: '{path}'")

    def remove(self, operation: Operation) -> None:
        path = _path(operation, "path", "remove")
        holder, key = self._holder(path, f'remove operation does not apply: doc is missing path: "{path}"')
        _remove(holder, key, f"error in remove for path: '{path}'")

    def replace(self, operation: Operation) -> None:
        path = _path(operation, "path", "replace")
        value = _copy(operation.get("value"))
        if not path:
            self.root = value
            return
        holder, key = self._holder(path, f"replace operation does not apply: doc is missing path: {path}")
        if isinstance(holder, dict):
            holder[key] = value
            return
        why = f"replace operation does not apply: doc is missing key: {path}"
        try:
            holder[_index(key, len(holder), why)] = value
        except Inapplicable:
            raise Inapplicable(f"{why}: missing value") from None

    def move(self, operation: Operation) -> None:
        source = _path(operation, "from", "move")
        holder, key = self._holder(source, f"move operation does not apply: doc is missing from path: {source}")
        why = f"error in move for path: '{key}'"
        value = _get(holder, key, why)
        _remove(holder, key, why)
        path = _path(operation, "path", "move")
        holder, key = self._holder(path, f"move operation does not apply: doc is missing destination path: {path}")
        _insert(holder, key, value, f"error in move for path: '{path}'")

    def copy(self, operation: Operation) -> None:
        source = _path(operation, "from", "copy")
        holder, key = self._holder(source, f"copy operation does not apply: doc is missing from path: {source}")
        value = _get(holder, key, f"error in copy for from: '{source}'")
        path = _path(operation, "path", "copy")
        holder, key = self._holder(path, f"copy operation does not apply: doc is missing destination path: {path}")
        _insert(holder, key, self._copy_within_limit(value), "error while adding value during copy")

    def test(self, operation: Operation) -> None:
        path = _path(operation, "path", "test")
        found = self.root
        if path:
            holder, key = self._holder(path, f"test operation does not apply: is missing path: {path}")
            found = _get(holder, key, f"error in test for path: '{path}'")
        if "value" not in operation and found is None:
            raise Inapplicable("test operation, missing value field: missing value")
        if not _equal(found, operation.get("value")):
            raise Inapplicable(f"testing value {path} failed: test failed")

    def _holder(self, path: str, why: str) -> tuple[Container, str]:
        """The object or list that holds what a pointer names, and the last step. Raises Inapplicable."""
        steps = [_unescaped(step) for step in path.split("/")]
        place = self.root
        for step in steps[1:-1]:
            try:
                place = _get(cast("Container", place), step, why) if isinstance(place, dict | list) else None
            except Inapplicable:
                place = None
        if len(steps) < 2 or not isinstance(place, dict | list):
            raise Inapplicable(f"{why}: missing value")
        return cast("Container", place), steps[-1]

    def _copy_within_limit(self, value: Any) -> Any:
        copied = _dumped(value)
        self._copied += len(copied)
        if self._copied > COPIED:
            why = f"Unable to complete the copy, the accumulated size increase of copy is {self._copied}"
            raise Inapplicable(f"{why}, exceeding the limit {COPIED}")
        return orjson.loads(copied)


_KINDS: Mapping[str, Callable[[_Document, Operation], None]] = {
    "add": _Document.add,
    "remove": _Document.remove,
    "replace": _Document.replace,
    "move": _Document.move,
    "copy": _Document.copy,
    "test": _Document.test,
}


def _path(operation: Operation, name: str, kind: str) -> str:
    path = operation.get(name)
    if not isinstance(path, str):
        raise Inapplicable(f"{kind} operation failed to decode {name}: missing value")
    return path


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _get(holder: Container, key: str, why: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(key)
    return holder[_index(key, len(holder), why)]


def _insert(holder: Container, key: str, value: Any, why: str) -> None:
    if isinstance(holder, dict):
        holder[key] = value
    elif key == "-":
        holder.append(value)
    else:
        place = _index(key, len(holder) + 1, why, f"value was not a proper array index: '{key}': ")
        holder.insert(place, value)


def _remove(holder: Container, key: str, why: str) -> None:
    if isinstance(holder, list):
        del holder[_index(key, len(holder), why)]
    elif key in holder:
        del holder[key]
    else:
        raise Inapplicable(f"{why}: Unable to remove nonexistent key: {key}: missing value")


def _index(key: str, length: int, why: str, no_number: str = "") -> int:
    """A step as an index below `length`. Raises Inapplicable."""
    sign, digits = (key[:1], key[1:]) if key[:1] in ("+", "-") else ("", key)
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        raise Inapplicable(f'{why}: {no_number}strconv.Atoi: parsing "{key}": invalid syntax')
    index = int(sign + digits)
    if not -length <= index < length:
        raise Inapplicable(f"{why}: Unable to access invalid index: {index}: invalid index referenced")
    return index + length if index < 0 else index


def _equal(left: Any, right: Any) -> bool:
    """True if both would be written alike: 1 is neither 1.0 nor true."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        one, other = cast("Json", left), cast("Json", right)
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(left, list):
        items, others = cast("list[Any]", left), cast("list[Any]", right)
        return len(items) == len(others) and all(map(_equal, items, others))
    return left == right


def _copy(value: Any) -> Any:
    return orjson.loads(_dumped(value)) if isinstance(value, dict | list) else value


def _dumped(value: Any) -> bytes:
    """Raises Inapplicable for what operations have nested deeper than can be written."""
    try:
        return orjson.dumps(value)
    except TypeError:
        raise Inapplicable("json: exceeded max depth") from None
