"""Rules about changes: what an update may not do."""

from collections.abc import Iterator

from podvisor.types import field
from podvisor.types.field import Error
from podvisor.types.rules.engine import Check, Node, Rule, when
from podvisor.types.rules.place import At

IMMUTABLE = "field is immutable"


def when_updating(*rules: Rule) -> Node:
    """Rules for changes of an object that is there."""
    return when(lambda at: at.updating, *rules)


def when_creating(*rules: Rule) -> Node:
    """Rules for new objects."""
    return when(lambda at: not at.updating, *rules)


def immutable(detail: str = IMMUTABLE) -> Check:
    """What is here stays as it was."""

    def objections(at: At) -> Iterator[Error]:
        if at.updating and _differ(at):
            yield field.invalid(at.path, at.value, detail)

    return Check("immutable", objections, asks_nothing=True)


def forbidden_change(detail: str) -> Check:
    """What is here stays as it was; the refusal speaks of a forbidden field, not of a wrong value."""

    def objections(at: At) -> Iterator[Error]:
        if at.updating and _differ(at):
            yield field.forbidden(at.path, detail)

    return Check("forbidden_change", objections, asks_nothing=True)


def set_once(detail: str = "may not change once set") -> Check:
    """What is here stays as it was, unless there was nothing."""

    def objections(at: At) -> Iterator[Error]:
        if at.updating and at.old not in (None, "", []) and _differ(at):
            yield field.invalid(at.path, at.value, detail)

    return Check("set_once", objections, asks_nothing=True)


def _differ(at: At) -> bool:
    """Go knows no difference between an empty list or map and none."""
    return (at.value or None) != (at.old or None) if _is_container(at) else at.value != at.old


def _is_container(at: At) -> bool:
    return isinstance(at.value, list | dict) or isinstance(at.old, list | dict)
