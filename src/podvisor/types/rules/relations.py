"""Rules about fields that go with one another, and the conditions of `when`."""

from collections.abc import Iterator
from typing import Any

from podvisor.types import field
from podvisor.types.field import Error
from podvisor.types.rules.engine import Check, Condition
from podvisor.types.rules.place import At


def given(*path: str) -> Condition:
    """True if the field at `path` below this place is there and not empty."""
    return lambda at: at.get(*path) not in (None, "", [])


def absent(*path: str) -> Condition:
    """True if the field at `path` below this place is missing or empty."""
    return negated(given(*path))


def equals(name: str, *values: Any) -> Condition:
    """True if a field is one of `values`."""
    return lambda at: at.get(name) in values


def contains(name: str, value: Any) -> Condition:
    """True if the list or map in a field has `value`."""
    return lambda at: value in (at.get(name) or ())


def negated(condition: Condition) -> Condition:
    """True if `condition` is not."""
    return lambda at: not condition(at)


def forbidden(detail: str) -> Check:
    """Nothing may stand here; for use behind `when`."""
    return Check("forbidden", lambda at: [field.forbidden(at.path, detail)])


def forbidden_with(name: str, other: str, detail: str) -> Check:
    """`name` may not be there together with `other`."""

    def objections(at: At) -> Iterator[Error]:
        if given(name)(at) and given(other)(at):
            yield field.forbidden(at.path.child(name), detail)

    return Check(f"forbidden_with({name}, {other})", objections)


def required_with(name: str, other: str, detail: str = "") -> Check:
    """`name` has to be there where `other` is."""

    def objections(at: At) -> Iterator[Error]:
        if given(other)(at) and absent(name)(at):
            yield field.required(at.path.child(name), detail)

    return Check(f"required_with({name}, {other})", objections)


def at_most_one_of(names: tuple[str, ...], detail: str) -> Check:
    """Of these fields only the first that is there may be: the others are forbidden."""

    def objections(at: At) -> Iterator[Error]:
        for name in [name for name in names if name in at.value][1:]:
            yield field.forbidden(at.path.child(name), detail)

    return Check("at_most_one_of", objections)


def exactly_one_of(names: tuple[str, ...], none: str, more: str) -> Check:
    """One of these fields, and no second: `none` is the detail of what is required, `more` of what is forbidden."""

    def objections(at: At) -> Iterator[Error]:
        found = [name for name in names if name in at.value]
        if not found:
            yield field.required(at.path, none)
        for name in found[1:]:
            yield field.forbidden(at.path.child(name), more)

    return Check("exactly_one_of", objections)
