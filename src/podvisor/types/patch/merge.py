"""JSON merge patch (RFC 7386), as the real server's library does it."""

from typing import Any, cast

Json = dict[str, Any]


def apply(target: Any, patch: Any) -> Any:
    """`target` with `patch` merged in: null removes, objects merge, everything else replaces.

    Where an object has nothing to merge with, nulls in what is new are dropped at every depth, in lists as well; a list
    that replaces an object keeps them.
    """
    if not isinstance(target, dict):
        return without_nulls(patch)
    if not isinstance(patch, dict):
        return patch
    result: Json = dict(cast("Json", target))
    for key, value in cast("Json", patch).items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply(result.get(key), value)
    return result


def without_nulls(value: Any) -> Any:
    """`value` without nulls in objects, which say nothing where there is nothing to remove."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in cast("Json", value).items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in cast("list[Any]", value)]
    return value
