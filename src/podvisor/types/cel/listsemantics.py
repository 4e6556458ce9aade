"""Lists that are sets or maps (`x-kubernetes-list-type`): their equality knows no order, and `+` merges.

apiserver `pkg/cel/common/values.go`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from podvisor.types.cel.kinds import ListIdentity, Type
from podvisor.types.cel.values import equal


def operation(function: str, kinds: Sequence[Type]) -> Callable[..., Any] | None:
    """How such lists are compared and added, None where nothing is special."""
    if not kinds or (identity := kinds[0].identity) is None:
        return None
    match function:
        case "_==_":
            return partial(same, identity=identity)
        case "_!=_":
            return partial(_different, identity=identity)
        case "_+_":
            return partial(merged, identity=identity)
        case _:
            return None


def same(left: Any, right: Any, identity: ListIdentity) -> bool:
    """True if both hold the same items, in whatever order."""
    if not (isinstance(left, list) and isinstance(right, list)):
        return equal(left, right)
    ours, theirs = cast(list[Any], left), cast(list[Any], right)
    others = {_identity(item, identity): item for item in theirs}
    return len(ours) == len(theirs) and all(
        (key := _identity(item, identity)) in others and equal(item, others[key]) for item in ours
    )


def _different(left: Any, right: Any, identity: ListIdentity) -> bool:
    return not same(left, right, identity)


def merged(left: list[Any], right: list[Any], identity: ListIdentity) -> list[Any]:
    """Items of `left` in their order, replaced by those of `right` with the same identity; then what is new."""
    items = {_identity(item, identity): item for item in left}
    items.update({_identity(item, identity): item for item in right})
    return list(items.values())


def _identity(item: Any, identity: ListIdentity) -> Any:
    if identity.keys and isinstance(item, dict):
        return tuple(repr(cast(dict[str, Any], item).get(key)) for key in identity.keys)
    return repr(item)
