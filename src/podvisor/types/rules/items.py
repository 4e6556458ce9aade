"""Rules for lists and maps, and for what is in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from podvisor.types import field
from podvisor.types.field import Error
from podvisor.types.rules.engine import Check, Node, Rule, nodes
from podvisor.types.rules.place import At


@dataclass(frozen=True, slots=True, eq=False)
class _Each:
    inner: Sequence[Node]
    indexed: bool

    def check(self, at: At) -> Iterator[Error]:
        for place in at.items():
            if not self.indexed:
                place.step = ""
            for rule in self.inner:
                yield from rule.check(place)


@dataclass(frozen=True, slots=True, eq=False)
class _EachEntry:
    inner: Sequence[Node]
    of_keys: bool

    def check(self, at: At) -> Iterator[Error]:
        for key, value in cast("dict[str, Any]", at.value or {}).items():
            place = at.entry(key, key if self.of_keys else value)
            for rule in self.inner:
                yield from rule.check(place)


def each(*rules: Rule, indexed: bool = True) -> Node:
    """Rules for every item of this list, one item after the other; some errors of Kubernetes' do not say which."""
    return _Each(nodes(rules), indexed)


def each_value(*rules: Rule) -> Node:
    """Rules for every value of this map."""
    return _EachEntry(nodes(rules), of_keys=False)


def each_key(*rules: Rule) -> Node:
    """Rules for every key of this map, at the path of its entry."""
    return _EachEntry(nodes(rules), of_keys=True)


def max_items(most: int) -> Check:
    """A list that is not too long."""

    def objections(at: At) -> Iterator[Error]:
        if len(at.value) > most:
            yield field.too_many(at.path, len(at.value), most)

    return Check(f"max_items({most})", objections)


def min_items(least: int, detail: str = "") -> Check:
    """A list or map that is long enough; one that is not there is not."""

    def objections(at: At) -> Iterator[Error]:
        if len(at.value or ()) < least:
            yield field.required(at.path, detail)

    return Check(f"min_items({least})", objections, asks_nothing=True)


def unique() -> Check:
    """A list without a value that occurs twice."""

    def objections(at: At) -> Iterator[Error]:
        seen: list[Any] = []
        for place in at.items():
            if place.value in seen:
                yield field.duplicate(place.path, place.value)
            seen.append(place.value)

    return Check("unique", objections)


def unique_by(*keys: str) -> Check:
    """A list whose items differ in these fields; those that lack all of them may be many.

    With one field the error is about that field, with several about the item, as in Kubernetes.
    """

    def objections(at: At) -> Iterator[Error]:
        seen: set[tuple[Any, ...]] = set()
        for place in at.items():
            identity = tuple(place.get(key) for key in keys)
            if identity in seen:
                yield _repeated(place, keys)
            elif any(part not in (None, "") for part in identity):
                seen.add(identity)

    return Check(f"unique_by{keys}", objections)


def _repeated(place: At, keys: Sequence[str]) -> Error:
    if len(keys) == 1:
        return field.duplicate(place.path.child(keys[0]), place.get(keys[0]))
    return field.duplicate(place.path, {key: place.get(key) for key in keys if place.get(key) is not None})
