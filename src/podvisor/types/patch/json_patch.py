"""JSON patch (RFC 6902)."""

import copy
from typing import Any, cast

import jsonpatch
import jsonpointer
import orjson

from podvisor.types.patch.errors import BadPatch, Inapplicable

LIMIT = 10_000
"""Operations in one patch, as in the real server."""
COPIED = 3 << 20
"""Bytes that the `copy` operations of one patch may copy together, as in the real server."""


def apply(target: dict[str, Any], operations: Any) -> dict[str, Any]:
    """`target` after the operations, all of them or none. Raises BadPatch or Inapplicable."""
    if not isinstance(operations, list):
        raise BadPatch("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    listed = cast("list[dict[str, Any]]", operations)
    if len(listed) > LIMIT:
        raise BadPatch(f"The allowed maximum operations in a JSON patch is {LIMIT}")
    result, left = copy.deepcopy(target), COPIED
    for operation in listed:
        left -= _copied(result, operation)
        if left < 0:
            raise Inapplicable(f"the copy operations copy more than the limit of {COPIED} bytes")
        result = _apply(result, operation)
    return result


def _copied(target: Any, operation: Any) -> int:
    """How many bytes a `copy` adds; other operations add no more than the patch has."""
    if not isinstance(operation, dict) or cast("dict[str, Any]", operation).get("op") != "copy":
        return 0
    try:
        found = jsonpointer.JsonPointer(cast("dict[str, Any]", operation).get("from", "")).resolve(target, None)
        return len(orjson.dumps(found))
    except jsonpointer.JsonPointerException:
        return 0
    except TypeError:
        return COPIED + 1


def _apply(target: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """One operation; `target` may be changed."""
    try:
        return cast("dict[str, Any]", jsonpatch.JsonPatch([operation]).apply(target, in_place=True))
    except jsonpatch.JsonPatchTestFailed:
        raise Inapplicable(f"testing value {operation['path']} failed: test failed") from None
    except (jsonpatch.JsonPatchConflict, jsonpointer.JsonPointerException):
        why = f"{operation['op']} operation does not apply: doc is missing path: {operation['path']}: missing value"
        raise Inapplicable(why) from None
    except (jsonpatch.InvalidJsonPatch, TypeError, KeyError) as error:
        raise BadPatch(str(error)) from None
