"""Empties namespaces that are being deleted, and lets them go once nothing is left.

https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/. Pods go first, and everything else only
once the last of them is gone, so that no pod outlives the NetworkPolicy or the Secret that it lives by (KEP-5080).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from podvisor.controllers.loop import Cluster, Unfinished, enqueue_itself
from podvisor.sdk import (
    STATUS,
    DeleteOptions,
    Key,
    Resource,
    Selection,
    WriteOptions,
    conditions,
    discovery,
    errors,
    kinds,
)
from podvisor.sdk.objects import Object
from podvisor.sdk.objects.core import Namespace, Pod
from podvisor.sdk.objects.meta import Condition

FINALIZER = "kubernetes"


@dataclass(slots=True)
class Remains:
    """What one sweep through a namespace found."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    """How many objects are left, by resource."""
    finalizers: dict[str, int] = field(default_factory=dict[str, int])
    """On how many of them each finalizer is."""
    failures: list[str] = field(default_factory=list[str])
    """What could not be deleted or looked at."""
    undiscovered: Sequence[str] = ()
    """The group versions whose resources are not known just now."""

    @property
    def empty(self) -> bool:
        """Whether nothing is left, for certain."""
        return not (self.counts or self.failures or self.undiscovered)

    def add(self, resource: Resource[Any], left: Sequence[Object]) -> None:
        """Note what is left of one resource."""
        if left:
            self.counts[str(resource)] = len(left)
        for finalizer in (one for thing in left for one in thing.metadata.finalizers):
            self.finalizers[finalizer] = self.finalizers.get(finalizer, 0) + 1


def conditions_of(namespace: Namespace, remains: Remains, now: datetime) -> list[Condition]:
    """How the deletion gets on, in the words of Kubernetes' own controller."""
    found = list(namespace.status.conditions)
    left = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(remains.counts.items()))
    held = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(remains.finalizers.items()))
    rows = [
        (
            "NamespaceDeletionDiscoveryFailure",
            ("DiscoveryFailed", f"Discovery failed for some groups: {'; '.join(remains.undiscovered)}"),
            ("ResourcesDiscovered", "All resources successfully discovered"),
            bool(remains.undiscovered),
        ),
        (
            "NamespaceDeletionContentFailure",
            ("ContentDeletionFailed", f"Failed to delete all resource types: {'; '.join(remains.failures)}"),
            ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
            bool(remains.failures),
        ),
        (
            "NamespaceContentRemaining",
            ("SomeResourcesRemain", f"Some resources are remaining: {left}"),
            ("ContentRemoved", "All content successfully removed"),
            bool(remains.counts),
        ),
        (
            "NamespaceFinalizersRemaining",
            ("SomeFinalizersRemain", f"Some content in the namespace has finalizers remaining: {held}"),
            ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
            bool(remains.finalizers),
        ),
    ]
    for type, bad, good, is_bad in rows:
        reason, message = bad if is_bad else good
        old = conditions.find(found, type)
        new = Condition(type=type, status=str(is_bad), reason=reason, message=message, last_transition_time=now)
        if old is not None and old.status == new.status:
            new = msgspec.structs.replace(new, last_transition_time=old.last_transition_time)
        found = [*conditions.drop(found, type), new]
    return found


class Namespaces:
    """The loop over namespaces."""

    name = "namespace-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._namespaces = cluster.informers.of(kinds.NAMESPACES)
        self._pods = cluster.informers.of(kinds.PODS)
        self._namespaces.on_change(enqueue_itself(self.queue))
        self._pods.on_change(self._pod_changed)

    async def reconcile(self, key: Key) -> None:
        """Sweep one namespace that is being deleted; come back for what is left."""
        namespace = self._namespaces.cache.get(key)
        if namespace is None or not namespace.metadata.deleting or FINALIZER not in namespace.spec.finalizers:
            return
        remains = await self._sweep(key.name)
        told = [conditions.plain(one) for one in conditions_of(namespace, remains, self._clock.now())]
        if told != [conditions.plain(one) for one in namespace.status.conditions]:
            patch = {"metadata": {"uid": namespace.metadata.uid}, "status": {"conditions": told}}
            await self._client.patch(kinds.NAMESPACES, key, patch, STATUS)
        if remains.empty:
            await self._finalize(key)
        else:
            raise Unfinished(f"{sum(remains.counts.values())} objects remain")

    async def _sweep(self, namespace: str) -> Remains:
        remains = Remains()
        await self._empty(kinds.PODS, namespace, remains)
        if not remains.empty:
            return remains
        found = await discovery.discover(self._client)
        remains.undiscovered = found.failed
        for one in found.served:
            deletable = one.resource.namespaced and {"delete", "list"} <= one.verbs
            if deletable and str(one.resource) != str(kinds.PODS):
                await self._empty(one.resource, namespace, remains, all_at_once="deletecollection" in one.verbs)
        return remains

    async def _empty(
        self, resource: Resource[Any], namespace: str, remains: Remains, *, all_at_once: bool = True
    ) -> None:
        everything, options = Selection(namespace), DeleteOptions(propagation_policy="Background")
        try:
            left = (await self._client.list(resource.partial, everything)).items
            if left and all_at_once:
                await self._client.delete_collection(resource, everything, options)
            for thing in () if all_at_once else left:
                await self._client.delete(resource, Key(namespace, thing.metadata.name), options)
            remains.add(resource, (await self._client.list(resource.partial, everything)).items if left else [])
        except (errors.NotFound, errors.MethodNotSupported):
            return
        except errors.ApiError as error:
            remains.failures.append(f"{resource}: {error}")

    async def _finalize(self, key: Key) -> None:
        whole = await self._client.get(kinds.NAMESPACES.raw, key.name)
        finalizers: list[str] = whole["spec"].get("finalizers", [])
        whole["spec"]["finalizers"] = [one for one in finalizers if one != FINALIZER]
        await self._client.update(kinds.NAMESPACES.raw, whole, key, WriteOptions(subresource="finalize"))

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        if new is None and old is not None:
            key = Key("", old.metadata.namespace)
            namespace = self._namespaces.cache.get(key)
            if namespace is not None and namespace.metadata.deleting:
                self.queue.add(key)
