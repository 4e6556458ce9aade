"""The schema of a version, read when somebody first asks for one of its objects."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import orjson

from podvisor.apiserver.resource import Json
from podvisor.types import field, names, structural
from podvisor.types.field import Error, Path
from podvisor.types.schema import Shape
from podvisor.types.structural import embedded, lists, node, rules
from podvisor.types.structural.rules import Rules
from podvisor.types.structural.validator import NOTHING, Validator


class Compiled:
    """What objects of a version are to be."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @cached_property
    def root(self) -> structural.Node:
        """What an object consists of."""
        return structural.compile(orjson.loads(self.raw))

    def shape(self, kind: str) -> Shape:
        """The same, for server-side apply."""
        return node.shape(self.root, kind)

    def read(self, item: Json) -> Sequence[Path]:
        """Prune and default an object, in place; the paths of what was pruned. Raises decode.WrongType."""
        found = structural.read(self.root, item)
        structural.default(item, self.root)
        return found.unknown

    def errors(self, new: Json, old: Json | None) -> Iterator[Error]:
        """Objections to an object, or to what has changed of it."""
        found = [
            *self._validator.errors(new, NOTHING if old is None else old),
            *embedded.check(new, self.root, Path(""), _of_metadata),
            *self._repeated(new, old),
        ]
        yield from found
        if self._rules is not None:
            yield from self._rules.errors(new, old, found)

    def status_errors(self, new: Json, old: Json) -> Iterator[Error]:
        """Objections to a status, or to what has changed of it."""
        found = list(self._repeated(new, old))
        if "status" in new:
            found += self._status_validator.errors(new["status"], old.get("status", NOTHING), prefix="status")
        yield from found
        if self._rules is not None:
            yield from self._rules.errors(new, old, found)

    def _repeated(self, new: Json, old: Json | None) -> Iterator[Error]:
        if old is None or not any(lists.check(old, self.root, Path(""))):
            yield from lists.check(new, self.root, Path(""))

    @cached_property
    def _rules(self) -> Rules | None:
        return rules.compile(self.root)

    @cached_property
    def _validator(self) -> Validator:
        return Validator(self.root.schema)

    @cached_property
    def _status_validator(self) -> Validator:
        return Validator(self.root.schema.get("properties", {}).get("status", {}))


def _of_metadata(metadata: dict[str, Any], path: Path) -> Iterator[Error]:
    """Objections to the metadata of an object within an object: it may have any name that fits into a path."""
    name = metadata.get("name", "")
    yield from (field.invalid(path.child("name"), name, why) for why in names.path_segment(name))
    if namespace := metadata.get("namespace", ""):
        yield from (field.invalid(path.child("namespace"), namespace, why) for why in names.dns_label(namespace))
    yield from names.labels(metadata.get("labels", {}), path.child("labels"))
    yield from names.annotations(metadata.get("annotations", {}), path.child("annotations"))
