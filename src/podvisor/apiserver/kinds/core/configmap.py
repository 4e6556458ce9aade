"""ConfigMap."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.core import contents
from podvisor.apiserver.resource import AGE, NAME, Cells, Json, Resource
from podvisor.types import field, rules


def _keys_differ(at: rules.At) -> Iterator[field.Error]:
    """A key is text or bytes, not both."""
    binary = at.mapping("binaryData")
    for key in at.mapping("data"):
        if key in binary:
            yield field.invalid(at.path.child("data").key(key), key, "duplicate of key present in binaryData")


def _size(at: rules.At) -> Iterator[field.Error]:
    text, binary = at.mapping("data"), at.mapping("binaryData")
    size = sum(len(value.encode()) for value in text.values()) + sum(map(contents.decoded_size, binary.values()))
    if size > contents.LARGEST:
        # The path is upstream's way to say that it is the whole object.
        yield field.too_long("[]", contents.LARGEST)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], contents.count(item), cells.age(item["metadata"], now))


RULES = (
    contents.sealed("data", "binaryData"),
    rules.field("data", contents.KEYS),
    _keys_differ,
    rules.field("binaryData", contents.KEYS),
    _size,
)
RECORD = Resource(
    "",
    "v1",
    "configmaps",
    "ConfigMap",
    short_names=("cm",),
    columns=(NAME, contents.DATA, AGE),
    row=_row,
    rules=RULES,
)
