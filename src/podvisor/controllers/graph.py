"""Who owns whom, as far as is known: the data that garbage collection decides on.

Nodes are objects, by uid. An edge leads from an object to each owner that it names. Owners that were never seen have
dependents all the same, so that nothing depends on the order in which the kinds' watches deliver.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from podvisor.sdk import Key, Resource, key_of
from podvisor.sdk.objects import Object, OwnerReference

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Node:
    """What matters about one object."""

    uid: str
    resource: Resource[Any]
    key: Key
    owners: tuple[OwnerReference, ...]
    deleting: bool
    finalizers: tuple[str, ...]

    @property
    def waits_for_dependents(self) -> bool:
        """Whether it is being deleted, and goes only after everything that blocks it."""
        return self.deleting and FOREGROUND in self.finalizers

    @property
    def orphans_dependents(self) -> bool:
        """Whether it is being deleted, and lets its dependents live on."""
        return self.deleting and ORPHAN in self.finalizers

    def blocks(self, owner: str) -> bool:
        """Whether the owner of that uid must not go before this."""
        return any(one.uid == owner and one.block_owner_deletion for one in self.owners)


def node_of(resource: Resource[Any], thing: Object) -> Node:
    """The node of an object."""
    meta = thing.metadata
    return Node(meta.uid, resource, key_of(thing), tuple(meta.owner_references), meta.deleting, tuple(meta.finalizers))


@dataclass(frozen=True, slots=True)
class Coordinates:
    """What an owner reference names: a uid, and where the object of that uid must be found."""

    group: str
    kind: str
    namespace: str
    name: str
    uid: str


def coordinates(node: Node) -> Coordinates:
    """Where a node is."""
    return Coordinates(node.resource.group, node.resource.kind, node.key.namespace, node.key.name, node.uid)


def referred(owner: OwnerReference, namespace: str) -> Coordinates:
    """Where an owner must be, whose kind has objects in namespaces (or, with an empty one, has not)."""
    return Coordinates(owner.api_version.rpartition("/")[0], owner.kind, namespace, owner.name, owner.uid)


class Graph:
    """All nodes, and the edges backwards."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._dependents: dict[str, set[str]] = {}

    def get(self, uid: str) -> Node | None:
        """The node of that uid, if it has been seen and is not gone."""
        return self._nodes.get(uid)

    def put(self, node: Node) -> None:
        """Add a node, or replace what was known of it."""
        self.drop(node.uid)
        self._nodes[node.uid] = node
        for owner in node.owners:
            self._dependents.setdefault(owner.uid, set()).add(node.uid)

    def drop(self, uid: str) -> None:
        """Forget a node. What depends on it stays."""
        if (node := self._nodes.pop(uid, None)) is None:
            return
        for owner in node.owners:
            others = self._dependents.get(owner.uid, set())
            others.discard(uid)
            if not others:
                self._dependents.pop(owner.uid, None)

    def dependents(self, uid: str) -> list[Node]:
        """What names the object of that uid as an owner."""
        return [self._nodes[one] for one in self._dependents.get(uid, ())]

    def blocking(self, uid: str) -> list[Node]:
        """The dependents that it must wait for when it is deleted in the foreground."""
        return [node for node in self.dependents(uid) if node.blocks(uid)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to become of an object, given its owners."""

    delete: str = ""
    """A propagation policy to delete it with, or empty to keep it."""
    drop: frozenset[str] = frozenset()
    """Uids of owners that it should no longer name."""
    unblock: bool = False
    """Whether it must first stop blocking its owners, because they and it wait for one another."""


def judge(node: Node, absent: Iterable[str], waiting: Iterable[str], dependents: Iterable[Node]) -> Verdict:
    """Decide over an object of which some owners are absent and some are being deleted in the foreground.

    One solid owner is enough to live. Without any, it goes: with its dependents first if an owner waits for it and it
    has dependents itself, else the way that its own finalizers say, else in the background.
    """
    absent, waiting = set(absent), set(waiting)
    solid = {owner.uid for owner in node.owners} - absent - waiting
    if not node.owners or not absent | waiting:
        return Verdict()
    if solid:
        return Verdict(drop=frozenset(absent | waiting))
    dependents = list(dependents)
    if waiting and dependents:
        return Verdict(delete="Foreground", unblock=any(one.waits_for_dependents for one in dependents))
    return Verdict(delete=_policy(node))


def _policy(node: Node) -> str:
    if ORPHAN in node.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in node.finalizers else "Background"
