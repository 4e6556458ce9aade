"""From a sample to the causes that the server would give, without a server."""

from datetime import UTC, datetime
from typing import TypeAlias

from podvisor.apiserver import kinds, metadata
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import decode, field, patch

Cause: TypeAlias = str
"""`Invalid spec.replicas: message`; one that ends with `…` is only how a long one begins."""
Mistake: TypeAlias = tuple[Json, list[Cause]]
"""What is wrong, as a merge patch of a good object; what is said about it."""
Change: TypeAlias = tuple[Json, Json, list[Cause]]
"""How the object was, as a merge patch of a good one; the change, as another; what is said about it."""

_SERVED = kinds.catalogue().now
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def merged(base: Json, change: Json) -> Json:
    """`base` with a merge patch."""
    return patch.merge.apply(base, change)


def refusal(item: Json) -> list[Cause]:
    """What is said about a new object, each cause once."""
    resource, made = _made(item)
    return _causes([*metadata.validate(made, resource), *resource.errors(made)])


def refused_change(item: Json, change: Json) -> list[Cause]:
    """What is said about a change of an object, each cause once."""
    resource, old = _made(item)
    new, _ = decode.conform(resource.shape, merged(old, change))
    metadata.carry(new, old)
    resource.hooks.default(new)
    if resource.has_status:
        new["status"] = old["status"]
    resource.hooks.update(new, old)
    return _causes([*metadata.validate(new, resource), *resource.errors(new, old)])


def resource_of(item: Json) -> Resource:
    """The record of an object's kind."""
    return _SERVED.by_kind[item["apiVersion"], item["kind"]]


def _made(item: Json) -> tuple[Resource, Json]:
    """An object as the server has it before it is validated."""
    resource = resource_of(item)
    made, _ = decode.conform(resource.shape, item)
    metadata.place(made, resource, made["metadata"].get("namespace", "default"))
    metadata.begin(made, resource, _NOW)
    if resource.has_status and not resource.status_on_create:
        made["status"] = {}
    resource.hooks.create(made)
    resource.hooks.default(made)
    return resource, made


def _causes(errors: list[field.Error]) -> list[Cause]:
    found = (f"{error.reason.removeprefix('FieldValue')} {error.field}: {error.message}" for error in errors)
    return list(dict.fromkeys(found))


def same(causes: list[Cause], expected: list[Cause]) -> bool:
    """True if all are as expected, in this order."""
    pairs = zip(causes, expected, strict=False)
    begun = [cause[: len(one) - 1] + "…" if one.endswith("…") else cause for cause, one in pairs]
    return len(causes) == len(expected) and begun == expected
