"""What custom objects say of their scale: whole numbers where the definition looks for them.

As apiextensions-apiserver's `pkg/registry/customresource/validator.go`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from podvisor.apiserver import objects
from podvisor.apiserver.resource import Json, Scale
from podvisor.types import field
from podvisor.types.field import Error

_MOST = 2**31 - 1
_GO_TYPES: Sequence[tuple[type, str]] = (
    (str, "string"),
    (bool, "bool"),
    (float, "float64"),
    (list, "[]interface {}"),
    (dict, "map[string]interface {}"),
)


def errors(scale: Scale | None, item: Json) -> Iterator[Error]:
    """Objections to an object."""
    if scale is not None:
        yield from _number(scale.replicas, item)
        yield from status_errors(scale, item)


def status_errors(scale: Scale | None, item: Json) -> Iterator[Error]:
    """Objections to what the status says."""
    if scale is None:
        return
    yield from _number(scale.status, item)
    if scale.selector:
        found = objects.dig(item, *scale.selector)
        if found is not None and not isinstance(found, str):
            path = f".{'.'.join(scale.selector)}"
            yield field.invalid(path, "", _wrong(path, found, "string"))


def _number(names: Sequence[str], item: Json) -> Iterator[Error]:
    path, found = f".{'.'.join(names)}", objects.dig(item, *names)
    if found is None:
        return
    if not isinstance(found, int) or isinstance(found, bool):
        yield field.invalid(path, 0, _wrong(path, found, "int64"))
    elif found < 0:
        yield field.invalid(path, found, "should be a non-negative integer")
    elif found > _MOST:
        yield field.invalid(path, found, f"should be less than or equal to {_MOST}")


def _wrong(path: str, found: Any, wanted: str) -> str:
    kind = next((name for one, name in _GO_TYPES if isinstance(found, one)), "int64")
    return f"{path} accessor error: {found} is of the type {kind}, expected {wanted}"
