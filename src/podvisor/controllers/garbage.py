"""Deletes what has lost its owners, and sees deletions in the foreground and with orphans through.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/. Nothing is deleted on the word of the cache alone:
both the object and the owners that are said to be absent are asked for first, and the deletion carries the uid.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from podvisor.controllers import graph, ownership
from podvisor.controllers.graph import Coordinates, Graph, Node
from podvisor.controllers.loop import Cluster, Unfinished
from podvisor.sdk import DeleteOptions, Resource, WorkQueue, discovery, errors, kinds
from podvisor.sdk.objects import Object, ObjectMeta, OwnerReference

log = logging.getLogger(__name__)

IGNORED = frozenset({str(kinds.EVENTS), "events.events.k8s.io"})
"""Events come in crowds, own nothing, and go by themselves."""
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
SETTLING = 1.0
"""Seconds after which it looks for new kinds where a definition has changed."""
REMEMBERED = 500
"""Absent owners that need not be asked for again."""


class GarbageCollector:
    """The loop over all objects that have, or are, owners; its keys are uids."""

    name = "garbage-collector-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue: WorkQueue[str] = WorkQueue(cluster.clock)
        self._cluster = cluster
        self._client = cluster.client
        self._graph = Graph()
        self._resources: dict[tuple[str, str], Resource[Any]] = {}
        self._monitored: dict[str, Resource[Any]] = {}
        self._stop_hearing: dict[str, Callable[[], None]] = {}
        self._absent: OrderedDict[Coordinates, None] = OrderedDict()
        self._kinds_changed = asyncio.Event()
        self._events = cluster.recorder(self.name)
        cluster.background("garbage kinds", self._watch_kinds)

    async def _watch_kinds(self) -> None:
        """Follow every kind that can be listed, watched and deleted, until cancelled.

        New ones are looked for when a CustomResourceDefinition changes, and now and then.
        """
        while True:
            self._kinds_changed.clear()
            try:
                await self._follow_kinds()
            except (errors.ApiError, errors.Unreachable) as error:
                log.warning("%s: discovery: %s", self.name, error)
            await self._until_kinds_change()

    async def _until_kinds_change(self) -> None:
        clock = self._cluster.clock
        try:
            async with clock.timeout(self._cluster.settings.discovery_seconds):
                await self._kinds_changed.wait()
        except TimeoutError:
            return
        # Definitions come in crowds, and are served a moment after they are seen.
        await clock.sleep(SETTLING)

    async def reconcile(self, key: str) -> None:
        """Decide over the object of one uid."""
        for resource in list(self._monitored.values()):
            await self._cluster.informers.metadata_of(resource).wait_synced()
        if (node := self._graph.get(key)) is None:
            return
        if node.orphans_dependents:
            await self._release_dependents(node)
        elif node.waits_for_dependents:
            await self._wait_for_dependents(node)
        elif not node.deleting and node.owners:
            await self._judge(node)

    async def _judge(self, node: Node) -> None:
        if all(self._is_solid(node, owner) for owner in node.owners):
            return
        current = await self._current(node)
        if current is None:
            return
        there = {owner.uid for owner in current.owners if not await self._is_absent(current, owner)}
        absent = {owner.uid for owner in current.owners} - there
        owners = {uid: self._graph.get(uid) for uid in there}
        waiting = [uid for uid, owner in owners.items() if owner is not None and owner.waits_for_dependents]
        verdict = graph.judge(current, absent, waiting, self._graph.dependents(node.uid))
        if verdict.drop:
            await self._keep_owners(current, lambda owner: owner.uid not in verdict.drop)
        if verdict.unblock:
            await self._stop_blocking(current)
        if verdict.delete:
            log.info("%s: deleting %s %s, whose owners are gone", self.name, node.resource, node.key)
            options = DeleteOptions(propagation_policy=verdict.delete, uid=node.uid)
            await self._client.delete(node.resource, node.key, options)

    def _is_solid(self, node: Node, owner: OwnerReference) -> bool:
        """True if an owner is known to be there to stay; when that ends, its dependents are looked at again."""
        known = self._graph.get(owner.uid)
        return known is not None and _names(node, owner, known) and not known.waits_for_dependents

    async def _current(self, node: Node) -> Node | None:
        """The object as the server has it now, unless that is gone or another by the same name."""
        try:
            thing = await self._client.get(node.resource.partial, node.key.name, node.key.namespace)
        except errors.NotFound:
            return None
        return graph.node_of(node.resource, thing) if thing.metadata.uid == node.uid else None

    async def _is_absent(self, node: Node, owner: OwnerReference) -> bool:
        """True if nothing is where the reference says, or something of another uid."""
        known = self._graph.get(owner.uid)
        if known is not None and _names(node, owner, known):
            return False
        group = owner.api_version.rpartition("/")[0]
        if (resource := self._resources.get((group, owner.kind))) is None:
            raise Unfinished(
                f"{node.resource} {node.key} is owned by a {owner.kind} of {owner.api_version}, not served"
            )
        namespace = node.key.namespace if resource.namespaced else ""
        if resource.namespaced and not namespace:
            return False
        if known is not None and known.key.namespace not in ("", namespace):
            self._refuse_namespace(node, owner)
        wanted = graph.referred(owner, namespace)
        if wanted in self._absent:
            return True
        try:
            found = await self._client.get(resource.partial, owner.name, namespace)
        except errors.NotFound:
            found = None
        if found is not None and found.metadata.uid == owner.uid:
            return False
        self._remember_absent(wanted)
        return True

    def _refuse_namespace(self, node: Node, owner: OwnerReference) -> None:
        """Say why an owner does not count: it is in another namespace."""
        space = node.key.namespace
        named = f"{owner.api_version}/{owner.kind}, namespace: {space}, name: {owner.name}, uid: {owner.uid}"
        about = Object(metadata=ObjectMeta(name=node.key.name, namespace=space, uid=node.uid))
        why = f'ownerRef [{named}] does not exist in namespace "{space}"'
        self._events.warning(node.resource, about, "OwnerRefInvalidNamespace", why)

    async def _wait_for_dependents(self, node: Node) -> None:
        blocking = self._graph.blocking(node.uid)
        if not blocking:
            await self._remove_finalizer(node, graph.FOREGROUND)
        for dependent in self._graph.dependents(node.uid):
            if not dependent.deleting:
                self.queue.add(dependent.uid)

    async def _release_dependents(self, node: Node) -> None:
        for dependent in self._graph.dependents(node.uid):
            if (current := await self._current(dependent)) is not None:
                await self._keep_owners(current, lambda owner: owner.uid != node.uid)
        await self._remove_finalizer(node, graph.ORPHAN)

    async def _remove_finalizer(self, node: Node, finalizer: str) -> None:
        if (current := await self._current(node)) is not None and finalizer in current.finalizers:
            await self._patch(current, {"finalizers": [one for one in current.finalizers if one != finalizer]})

    async def _keep_owners(self, node: Node, keep: Callable[[OwnerReference], bool]) -> None:
        kept = [ownership.plain(owner) for owner in node.owners if keep(owner)]
        if len(kept) < len(node.owners):
            await self._patch(node, {"ownerReferences": kept})

    async def _stop_blocking(self, node: Node) -> None:
        owners = [ownership.plain(owner) | {"blockOwnerDeletion": False} for owner in node.owners]
        await self._patch(node, {"ownerReferences": owners})

    async def _patch(self, node: Node, metadata: dict[str, Any]) -> None:
        try:
            await self._client.patch(node.resource.partial, node.key, {"metadata": {"uid": node.uid} | metadata})
        except errors.NotFound:
            return

    async def _follow_kinds(self) -> None:
        found = await discovery.discover(self._client)
        served = {str(one): one for one in found.with_verbs("list", "watch", "delete") if str(one) not in IGNORED}
        self._resources |= {(one.group, one.kind): one for one in served.values()}
        for name in [name for name in self._monitored if name not in served and not found.failed]:
            self._stop_hearing.pop(name)()
            self._cluster.informers.stop(self._monitored.pop(name))
        for name, resource in served.items():
            if name not in self._monitored:
                self._monitored[name] = resource
                informer = self._cluster.informers.metadata_of(resource)
                self._stop_hearing[name] = informer.on_change(self._handler(resource))

    def _handler(self, resource: Resource[Any]) -> Callable[[Object | None, Object | None], None]:
        def changed(old: Object | None, new: Object | None) -> None:
            if str(resource) == DEFINITIONS:
                self._kinds_changed.set()
            if new is not None:
                self._seen(graph.node_of(resource, new))
            elif old is not None:
                self._gone(graph.node_of(resource, old))

        return changed

    def _seen(self, node: Node) -> None:
        self._absent.pop(graph.coordinates(node), None)
        before = self._graph.get(node.uid)
        self._graph.put(node)
        if before is not None and before.owners != node.owners:
            for owner in before.owners:
                self.queue.add(owner.uid)
        if node.owners or node.deleting:
            self.queue.add(node.uid)

    def _gone(self, node: Node) -> None:
        self._graph.drop(node.uid)
        dependents = self._graph.dependents(node.uid)
        if dependents:
            self._remember_absent(graph.coordinates(node))
        for dependent in dependents:
            self.queue.add(dependent.uid)
        for owner in node.owners:
            self.queue.add(owner.uid)

    def _remember_absent(self, owner: Coordinates) -> None:
        self._absent[owner] = None
        if len(self._absent) > REMEMBERED:
            self._absent.popitem(last=False)


def _names(node: Node, owner: OwnerReference, known: Node) -> bool:
    """True if an owner reference of `node` gives the right kind, name and namespace for the object of its uid.

    The namespace is that of the dependent, unless the owner is in none
    (https://kubernetes.io/docs/concepts/architecture/garbage-collection/#owners-dependents).
    """
    where = known.key.namespace and node.key.namespace
    return graph.referred(owner, where) == graph.coordinates(known)
