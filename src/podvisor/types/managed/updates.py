"""Who owns what after an object was created, updated or patched."""

from typing import Any

from podvisor.types.managed import compare, managers, reconciliation, sets
from podvisor.types.managed.compare import Comparison
from podvisor.types.managed.managers import Managed, Manager, Owned
from podvisor.types.managed.scope import Scope
from podvisor.types.managed.sets import Fields

Json = dict[str, Any]

_STRIPPED = ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation")
UNOWNED: Fields = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {sets.SELF: {}} | {f"f:{name}": {} for name in (*_STRIPPED, "managedFields", "resourceVersion")},
}
"""What nobody owns: it tells which object this is, or is the server's."""


def update(scope: Scope, change: tuple[Json, Json], managed: Managed, who: str, now: str) -> Managed:
    """Who owns what after `change`, from the old object (empty for a new one) to the new one, made by `who` at `now`.

    Raises Unkeyed.
    """
    comparisons = Comparisons(scope, *change)
    left = lost(managed, comparisons)
    found = comparisons.current
    mine = sets.difference(sets.union(found.modified, found.added), UNOWNED)
    if mine:
        me = managers.updater(who, scope.version, scope.subresource)
        if (before := left.get(me)) is not None:
            mine = sets.union(mine, before.fields)
        left[me] = Owned(mine, scope.version, now)
    return managers.capped(left)


class Comparisons:
    """What two states of an object differ in, in each version that somebody asks for."""

    def __init__(self, scope: Scope, old: Json, new: Json, *, plain: bool = False) -> None:
        """As for `compare.compare`."""
        self._scope, self._old, self._new = scope, old, new
        self.current = self._filtered(compare.compare(scope.type, old, new, plain=plain))
        self._found: dict[str, Comparison | None] = {scope.version: self.current}

    def in_version(self, version: str) -> Comparison | None:
        """None for a version that is not served any more."""
        if version not in self._found:
            self._found[version] = self._compare(version)
        return self._found[version]

    def _compare(self, version: str) -> Comparison | None:
        if (kind := self._scope.type_in(version)) is None:
            return None
        old, new = (self._scope.converted(item, version) if item else item for item in (self._old, self._new))
        return self._filtered(compare.compare(kind, old, new))

    def _filtered(self, found: Comparison) -> Comparison:
        if not (reset := self._scope.reset):
            return found
        return Comparison(
            sets.without(found.removed, reset), sets.without(found.modified, reset), sets.without(found.added, reset)
        )


def lost(managed: Managed, comparisons: Comparisons) -> dict[Manager, Owned]:
    """The managers with what they still own. Who owns nothing, or only in a version that is gone, is left out."""
    left: dict[Manager, Owned] = {}
    for manager, owned in managed.items():
        found = comparisons.in_version(owned.version)
        if found is None:
            continue
        if fields := _minus(owned.fields, found):
            left[manager] = owned if fields is owned.fields else Owned(fields, owned.version, owned.time)
    return left


def _minus(fields: Fields, found: Comparison) -> Fields:
    for part in (found.modified, found.added, found.removed):
        if part and sets.intersection(fields, part):
            fields = sets.difference(fields, part)
    return fields


def reconciled(scope: Scope, managed: Managed) -> dict[Manager, Owned]:
    """The managers with their sets under the schema of now; what a version that is gone speaks of is left out."""
    result: dict[Manager, Owned] = {}
    for manager, owned in managed.items():
        if (kind := scope.type_in(owned.version)) is None:
            continue
        fields = reconciliation.reconciled(kind, owned.fields)
        result[manager] = owned if fields is owned.fields else Owned(fields, owned.version, owned.time)
    return result
