"""From the bytes of a reply to objects."""

from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec
import orjson

from podvisor.sdk.objects.meta import View

T = TypeVar("T")


class ListMeta(View):
    """The state that a list shows, and where its next page begins."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")
    remaining_item_count: int | None = None


class ObjectList(View, Generic[T], kw_only=True):
    """A list, or one page of it."""

    metadata: ListMeta = msgspec.field(default_factory=ListMeta)
    items: list[T]


class Frame(View):
    """One line of a watch; what `object` holds depends on `type`."""

    type: str
    object: msgspec.Raw


def decode(data: bytes | msgspec.Raw, into: type[T]) -> T:
    """Read `data` as `into`.

    A JSON null in place of a field counts as the field's absence, as it does for Go's decoder. Nulls are rare, so
    the fast path does not look for them.

    Raises msgspec.DecodeError when the data is not JSON, or (its subclass ValidationError) lacks the type's shape.
    """
    try:
        return cast("T", _decoder(into).decode(data))
    except msgspec.ValidationError:
        return msgspec.convert(_without_nulls(orjson.loads(bytes(data))), into)


def encode(thing: object) -> bytes:
    """JSON of a plain object or of a view."""
    return msgspec.json.encode(thing)


@lru_cache(maxsize=256)
def _decoder(into: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(into)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {key: _without_nulls(item) for key, item in fields.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in cast("list[Any]", value)]
    return value
