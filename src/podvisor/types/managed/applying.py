"""A configuration applied to an object: merged, what it no longer has taken out, and everybody's fields told."""

from dataclasses import dataclass
from typing import Any

from podvisor.types.managed import compare, conflicts, managers, merge, removal, sets, typed, updates
from podvisor.types.managed.managers import Managed, Manager, Owned
from podvisor.types.managed.scope import Scope
from podvisor.types.managed.sets import Fields

Json = dict[str, Any]

_BEFORE = "before-first-apply"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What somebody applies."""

    content: Json
    who: str
    force: bool = False
    """True if it takes what others own."""


def apply(scope: Scope, live: Json, config: Configuration, managed: Managed, now: str) -> tuple[Json, Managed]:
    """The object that `config` makes of `live` (empty for a new one), and who owns what of it.

    The object is `live` itself if nothing changes. Raises Conflicts, Unkeyed or Duplicate.
    """
    if not managed:
        managed = updates.update(scope, ({}, live), managed, _BEFORE, now)
    managed = updates.reconciled(scope, managed)
    me = managers.applier(config.who, scope.subresource)
    merged = merge.merge(scope.type, live, config.content)
    before = managed.get(me)
    fields = compare.fields_of(scope.type, config.content)
    mine = Owned(sets.without(fields, scope.reset) if scope.reset else fields, scope.version)
    new = _pruned(scope, merged, managed | {me: mine}, before, mine)
    others = _others(scope, (live, new), managed, me, force=config.force)
    changes = not typed.same(scope.type, live, new, plain=True)
    time = now if changes else before.time if before else None
    if owned := sets.difference(mine.fields, updates.UNOWNED):
        others[me] = Owned(owned, scope.version, time)
    return new if changes else live, others


def _others(
    scope: Scope, change: tuple[Json, Json], managed: Managed, me: Manager, *, force: bool
) -> dict[Manager, Owned]:
    """The others, with what is left to them. Raises Conflicts."""
    comparisons = updates.Comparisons(scope, *change, plain=True)
    others = {manager: owned for manager, owned in managed.items() if manager != me}
    taken: dict[Manager, Fields] = {}
    for manager, owned in others.items() if not force else ():
        if (found := comparisons.in_version(owned.version)) is not None:
            changed = sets.union(found.modified, found.added)
            if fields := sets.intersection(owned.fields, changed) if changed else {}:
                taken[manager] = fields
    if taken:
        raise conflicts.of(taken)
    return updates.lost(others, comparisons)


def _pruned(scope: Scope, merged: Json, managed: Managed, before: Owned | None, mine: Owned) -> Json:
    """`merged` without what the applier had in its last configuration, has not in this one, and nobody else has."""
    if before is None or not before.fields or before.fields == mine.fields:
        return merged
    if (kind := scope.type_in(before.version)) is None:
        return merged
    last = removal.with_structs(kind, before.fields)
    if before.version == mine.version and not sets.difference(last, removal.with_structs(kind, mine.fields)):
        return merged
    whole = scope.converted(merged, before.version)
    pruned = _removed(kind, whole, last)
    pruned = _with_owned(scope, (whole, pruned), managed, before.version)
    gone = sets.difference(_structs_of(kind, whole), _structs_of(kind, pruned))
    pruned = _removed(kind, whole, sets.intersection(gone, last))
    return scope.converted(pruned, scope.version)


def _with_owned(scope: Scope, states: tuple[Json, Json], managed: Managed, version: str) -> Json:
    """The second of the states with all of the first that anybody owns."""
    owned: dict[str, Fields] = {version: {}}
    for one in managed.values():
        owned[one.version] = sets.union(owned.get(one.version, {}), one.fields)
    whole, pruned = states
    for other, fields in owned.items():
        if (kind := scope.type_in(other)) is None:
            continue
        seen, left = scope.converted(whole, other), scope.converted(pruned, other)
        kept = sets.union(_structs_of(kind, left), removal.with_structs(kind, fields))
        pruned = _removed(kind, seen, sets.difference(_structs_of(kind, seen), kept))
        pruned = scope.converted(pruned, version)
    return pruned


def _removed(kind: typed.Type, value: Json, fields: Fields) -> Json:
    return removal.remove(kind, value, fields) or Json()


def _structs_of(kind: typed.Type, value: Json) -> Fields:
    return removal.with_structs(kind, compare.fields_of(kind, value))
