"""Which objects a controller may count as its own.

The selector says what it wants, the controller reference who has it
(https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/): matching orphans are adopted,
own objects that no longer match are released, and what another controller has is never touched.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from podvisor.sdk import Cache, Client, Resource, errors, key_of, selectors
from podvisor.sdk.objects import LabelSelector, Object, ObjectMeta, OwnerReference, controller_of

T = TypeVar("T", bound=Object)

CONTROLLER = "controller"
"""Index: objects by the uid of their controller."""
ORPHANS = "orphans"
"""Index: objects without a controller, by namespace."""


def index(cache: Cache[T]) -> None:
    """Make `candidates` work on a cache."""
    cache.add_index(CONTROLLER, lambda thing: [owner.uid] if (owner := controller_of(thing)) else [])
    cache.add_index(ORPHANS, lambda thing: [] if controller_of(thing) else [thing.metadata.namespace])


class Selecting(Protocol):
    """An object that selects others by their labels."""

    @property
    def metadata(self) -> ObjectMeta:
        """Its name and namespace."""
        ...

    @property
    def spec(self) -> "HasSelector":
        """Where its selector is."""
        ...


class HasSelector(Protocol):
    """The spec of such an object."""

    @property
    def selector(self) -> LabelSelector:
        """What it selects; one without conditions selects nothing here."""
        ...


S = TypeVar("S", bound=Selecting)
_TAKERS = "takers"


def index_takers(cache: Cache[S]) -> None:
    """Make `takers` work on a cache."""
    cache.add_index(_TAKERS, lambda owner: _handles(owner.metadata.namespace, owner.spec.selector))


def takers(cache: Cache[S], orphan: Object) -> list[S]:
    """Who would adopt an orphan; only owners that ask for one of its labels, or for no label, are looked at."""
    namespace, labels = orphan.metadata.namespace, orphan.metadata.labels
    handles = [f"{namespace}/", *(f"{namespace}/{name}={value}" for name, value in labels.items())]
    found = (owner for handle in handles for owner in cache.indexed(_TAKERS, handle))
    return [owner for owner in found if _takes(owner.spec.selector, labels)]


def _takes(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    return not selectors.is_empty(selector) and selectors.matches(selector, labels)


def _handles(namespace: str, selector: LabelSelector) -> list[str]:
    """Where an owner is found: under one of the labels that it asks for, or with those that ask for none."""
    name, value = next(iter(sorted(selector.match_labels.items())), ("", ""))
    return [f"{namespace}/{name}={value}" if name else f"{namespace}/"]


@dataclass(frozen=True, slots=True)
class Claim(Generic[T]):
    """What to do about ownership."""

    keep: Sequence[T]
    adopt: Sequence[T]
    release: Sequence[T]


def plan(owner: Object, selector: LabelSelector, owned: Iterable[T], orphans: Iterable[T]) -> Claim[T]:
    """Sort candidates. An owner that is being deleted takes and gives nothing; nothing that is going is adopted."""
    keep: list[T] = []
    release: list[T] = []
    for thing in owned:
        (keep if selectors.matches(selector, thing.metadata.labels) else release).append(thing)
    if owner.metadata.deleting:
        return Claim(keep, [], [])
    adopt = [
        thing for thing in orphans if not thing.metadata.deleting and selectors.matches(selector, thing.metadata.labels)
    ]
    return Claim(keep, adopt, release)


@dataclass(frozen=True, slots=True)
class Claimer(Generic[T]):
    """Carries claims out for one kind of owner and one kind of thing owned."""

    client: Client
    owners: Resource[Any]
    owned: Resource[T]
    cache: Cache[T]
    release_patch: Callable[[T], dict[str, Any]] = lambda thing: {}
    """What else is to be taken back when a thing is let go, such as a finalizer."""

    async def claim(self, owner: Object, selector: LabelSelector) -> list[T]:
        """Adopt and release as planned; the answer is what `owner` has afterwards."""
        orphans = self.cache.indexed(ORPHANS, owner.metadata.namespace)
        claim = plan(owner, selector, self.cache.indexed(CONTROLLER, owner.metadata.uid), orphans)
        kept = list(claim.keep)
        if claim.adopt and await self._still_there(owner):
            kept += [await self._adopt(owner, thing) for thing in claim.adopt]
        for thing in claim.release:
            await self._release(owner, thing)
        return kept

    async def _still_there(self, owner: Object) -> bool:
        """Ask the server, not the cache: an owner that is going must not collect anything more."""
        key = key_of(owner)
        try:
            current = await self.client.get(self.owners.partial, key.name, key.namespace)
        except errors.NotFound:
            return False
        return current.metadata.uid == owner.metadata.uid and not current.metadata.deleting

    async def _adopt(self, owner: Object, thing: T) -> T:
        others = [plain(reference) for reference in thing.metadata.owner_references]
        patch = {"metadata": _precondition(thing) | {"ownerReferences": [*others, reference(self.owners, owner)]}}
        return await self.client.patch(self.owned, key_of(thing), patch)

    async def _release(self, owner: Object, thing: T) -> None:
        others = [plain(one) for one in thing.metadata.owner_references if one.uid != owner.metadata.uid]
        metadata = _precondition(thing) | {"ownerReferences": others} | self.release_patch(thing)
        try:
            await self.client.patch(self.owned, key_of(thing), {"metadata": metadata})
        except errors.NotFound:
            return


def reference(resource: Resource[Any], owner: Object) -> dict[str, Any]:
    """A controller reference to `owner` (`metav1.NewControllerRef`)."""
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _precondition(thing: Object) -> dict[str, Any]:
    return {"uid": thing.metadata.uid, "resourceVersion": thing.metadata.resource_version}


def plain(owner: OwnerReference) -> dict[str, Any]:
    """An owner reference as it travels."""
    plain = {"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name, "uid": owner.uid}
    flags = {"controller": owner.controller, "blockOwnerDeletion": owner.block_owner_deletion}
    return plain | {name: True for name, value in flags.items() if value}
