"""JSON patch (RFC 6902)."""

import copy
from typing import Any, cast

import jsonpatch
import jsonpointer

from podvisor.types.patch.errors import BadPatch, Inapplicable

LIMIT = 10_000
"""Operations in one patch, as in the real server."""


def apply(target: dict[str, Any], operations: Any) -> dict[str, Any]:
    """`target` after the operations, all of them or none. Raises BadPatch or Inapplicable."""
    if not isinstance(operations, list):
        raise BadPatch("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    listed = cast("list[dict[str, Any]]", operations)
    if len(listed) > LIMIT:
        raise BadPatch(f"The allowed maximum operations in a JSON patch is {LIMIT}")
    result = copy.deepcopy(target)
    for operation in listed:
        result = _apply(result, operation)
    return result


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
