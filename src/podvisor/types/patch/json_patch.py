"""JSON patch (RFC 6902)."""

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
    try:
        return cast("dict[str, Any]", jsonpatch.JsonPatch(listed).apply(target))
    except (jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict, jsonpointer.JsonPointerException) as error:
        raise Inapplicable(f"the server rejected our request due to an error in our request: {error}") from None
    except (jsonpatch.InvalidJsonPatch, TypeError, KeyError) as error:
        raise BadPatch(str(error)) from None
