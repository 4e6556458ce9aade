"""The whole objects within an object (`x-kubernetes-embedded-resource`).

As apiextensions-apiserver's `pkg/apiserver/schema/objectmeta`. What is wrong with an object's metadata is not known
here: whoever asks brings what says it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from podvisor.types import field, names
from podvisor.types.field import Error, Path
from podvisor.types.structural.node import Json, Node

Metadata = Callable[[Json, Path], Iterable[Error]]
"""Objections to the metadata at a place."""


def check(value: Any, node: Node | None, path: Path, metadata: Metadata) -> Iterator[Error]:
    """Objections to the objects in a value."""
    if node is None or not node.has_embedded:
        return
    if isinstance(value, dict):
        fields = cast("Json", value)
        if node.is_embedded:
            yield from _object(fields, path, metadata)
        for name, item in fields.items():
            if name in node.properties:
                yield from check(item, node.properties[name], path.child(name), metadata)
            else:
                yield from check(item, node.additional, path.key(name), metadata)
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[Any]", value)):
            yield from check(item, node.items, path.at(index), metadata)


def _object(fields: Json, path: Path, metadata: Metadata) -> Iterator[Error]:
    yield from (
        field.required(path.child(name), "must not be empty") for name in ("apiVersion", "kind") if name not in fields
    )
    if (version := fields.get("apiVersion")) is not None:
        here = path.child("apiVersion")
        if not version:
            yield field.invalid(here, version, "must not be empty")
        elif version.count("/") > 1:
            yield field.invalid(here, version, f"unexpected GroupVersion string: {version}")
    if (kind := fields.get("kind")) is not None:
        here = path.child("kind")
        if not kind:
            yield field.invalid(here, kind, "must not be empty")
        elif wrong := list(names.dns_1035_label(kind.lower())):
            detail = f"may have mixed case, but should otherwise match: {','.join(wrong)}"
            yield field.invalid(here, kind, detail)
    if isinstance(fields.get("metadata"), dict):
        yield from metadata(fields["metadata"], path.child("metadata"))
