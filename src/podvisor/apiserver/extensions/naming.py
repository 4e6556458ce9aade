"""Whose names are whose: the conditions NamesAccepted and Established.

Within a group, plurals, singulars and short names are one set of names and kinds and list kinds another; who has had a
name first keeps it. The words are those of apiextensions-apiserver's `pkg/controller/status/naming_controller.go`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from podvisor.apiserver.extensions.definition import Condition, Definition, Names


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the status of a definition shall say."""

    names: Names
    accepted: Condition
    established: Condition


def decide(definition: Definition, others: Iterable[Definition]) -> Verdict:
    """Which names a definition gets beside the `others`, of whatever group."""
    taken = [one.status.accepted_names for one in others if one.spec.group == definition.spec.group]
    resources = {name for one in taken for name in (one.plural, one.singular, *one.short_names)}
    kinds = {name for one in taken for name in (one.kind, one.list_kind)}
    wanted, had = definition.spec.names, definition.status.accepted_names
    got = msgspec.structs.replace(had, categories=wanted.categories)
    refused: tuple[str, str] | None = None
    for field, reason, used in (
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("short_names", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("list_kind", "ListKindConflict", kinds),
    ):
        conflicts = list(_conflicts(getattr(wanted, field), getattr(had, field), used))
        if conflicts:
            refused = reason, conflicts[0] if len(conflicts) == 1 else f"[{', '.join(conflicts)}]"
        else:
            got = msgspec.structs.replace(got, **{field: getattr(wanted, field)})
    accepted = Condition("NamesAccepted", "True", "", "NoConflicts", "no conflicts found")
    if refused:
        accepted = Condition("NamesAccepted", "False", "", *refused)
    return Verdict(got, accepted, _established(definition, accepted))


def _conflicts(wanted: str | tuple[str, ...], had: str | tuple[str, ...], used: set[str]) -> Iterator[str]:
    wanted, had = _several(wanted), _several(had)
    return (f'"{name}" is already in use' for name in wanted if name not in had and name in used)


def _several(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _established(definition: Definition, accepted: Condition) -> Condition:
    """A definition stays established once it was, whatever becomes of its names."""
    if (old := definition.condition("Established")) is not None and old.status == "True":
        return old
    if accepted.status == "True":
        return Condition("Established", "True", "", "InitialNamesAccepted", "the initial names have been accepted")
    return Condition("Established", "False", "", "NotAccepted", "not all names are accepted")
