"""Rules for a single value."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from podvisor.types import field, names, quantity, selectors
from podvisor.types.field import Error
from podvisor.types.rules.engine import Check
from podvisor.types.rules.place import At

Format = Callable[[str], Iterable[str]]
"""Objections to a text, as `names` and `formats` have them."""


def required(detail: str = "") -> Check:
    """It has to be there; an empty list is not."""

    def objections(at: At) -> Iterator[Error]:
        if at.value is None or at.value in ("", []):
            yield field.required(at.path, detail)

    return Check("required", objections, asks_nothing=True)


def invalid(detail: str) -> Check:
    """Whatever stands here is wrong; for use behind `when`."""
    return Check("invalid", lambda at: [field.invalid(at.path, at.value, detail)])


def _number(name: str, holds: Callable[[Any], bool], detail: str) -> Check:
    def objections(at: At) -> Iterator[Error]:
        if not holds(at.value):
            yield field.invalid(at.path, at.value, detail)

    return Check(name, objections)


def at_least(least: int) -> Check:
    """A number that is not smaller."""
    return _number(f"at_least({least})", lambda value: value >= least, f"must be greater than or equal to {least}")


def more_than(bound: int, detail: str = "") -> Check:
    """A number that is larger."""
    said = detail or f"must be greater than {bound}"
    return _number(f"more_than({bound})", lambda value: value > bound, said)


def at_most(most: int, detail: str = "") -> Check:
    """A number that is not larger."""
    said = detail or f"must be less than or equal to {most}"
    return _number(f"at_most({most})", lambda value: value <= most, said)


def in_range(least: int, most: int, detail: str = "") -> Check:
    """A number between two others, both of which it may be."""
    said = detail or f"must be between {least} and {most}, inclusive"
    return _number(f"in_range({least}, {most})", lambda value: least <= value <= most, said)


def port() -> Check:
    """The number of a port."""
    return in_range(1, 65535)


def port_or_name() -> Check:
    """The number or the name of a port (IntOrString)."""

    def objections(at: At) -> Iterator[Error]:
        if isinstance(at.value, int):
            yield from port().check(at)
        else:
            yield from matches(names.port_name).check(at)

    return Check("port_or_name", objections)


def one_of(*known: str) -> Check:
    """A word that is known. The error names them in this order."""

    def objections(at: At) -> Iterator[Error]:
        if at.value not in known:
            yield field.unsupported(at.path, at.value, known, in_order=True)

    return Check(f"one_of{known}", objections)


def matches(form: Format) -> Check:
    """A text to which a format has no objections."""

    def objections(at: At) -> Iterator[Error]:
        for detail in form(at.value):
            yield field.invalid(at.path, at.value, detail)

    return Check(f"matches({form.__name__})", objections)


def max_bytes(most: int) -> Check:
    """A text that is not too long."""

    def objections(at: At) -> Iterator[Error]:
        if len(at.value.encode()) > most:
            yield field.too_long(at.path, most)

    return Check(f"max_bytes({most})", objections)


def no_negative_amount() -> Check:
    """A quantity that is at least zero."""

    def objections(at: At) -> Iterator[Error]:
        if quantity.parse(at.value).amount < 0:
            yield field.invalid(at.path, at.value, "must be greater than or equal to 0")

    return Check("no_negative_amount", objections)


def labels() -> Check:
    """A map of labels."""
    return Check("labels", lambda at: names.labels(at.value, at.path))


def annotations() -> Check:
    """A map of annotations."""
    return Check("annotations", lambda at: names.annotations(at.value, at.path))


def selector() -> Check:
    """A `meta/v1` LabelSelector."""
    return Check("selector", lambda at: selectors.validate(at.value, at.path))
