"""Keeps what each ResourceQuota says is used: counts anew where a quota changes, and where something is freed.

https://kubernetes.io/docs/concepts/policy/resource-quotas/ . The API server adds what is created, in the step that
creates it; this loop takes away what is gone. It writes only over the quota that it counted for, so that what was
added meanwhile makes it count again.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

from podvisor.controllers import pods
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, Key, Resource, Selection, discovery, key_of, kinds
from podvisor.sdk.objects import Object
from podvisor.sdk.objects.core import Pod, ResourceQuota
from podvisor.types import amounts, quantity, usage
from podvisor.types.amounts import Amounts

NAMESPACE = "namespace"
_BY_CONTENT: tuple[Resource[Any], ...] = (kinds.PODS, kinds.SERVICES, kinds.PERSISTENTVOLUMECLAIMS)
"""Kinds of which an object uses more than its being there."""
_BY_NAME: tuple[Resource[Any], ...] = (
    *_BY_CONTENT,
    kinds.CONFIGMAPS,
    kinds.SECRETS,
    kinds.REPLICATIONCONTROLLERS,
    kinds.RESOURCEQUOTAS,
)
"""Kinds that quotas count by names of their own."""
_COUNT = "count/"
Lister = Callable[[Resource[Any]], Awaitable[Iterable[dict[str, Any]]]]


def by_count(hard: Iterable[str]) -> set[tuple[str, str]]:
    """The kinds, as group and plural, that a quota counts as `count/deployments.apps`."""
    named = (name.removeprefix(_COUNT).partition(".") for name in hard if name.startswith(_COUNT))
    return {(group, plural) for plural, _, group in named}


def added(quota: ResourceQuota, resource: Resource[Any], items: Iterable[dict[str, Any]], now: datetime) -> Amounts:
    """What objects of one kind use of a quota, for every name of it that they can use."""
    hard = quota.spec.get("hard", {})
    names = usage.names_of(resource.group, resource.plural, hard)
    used: Amounts = dict.fromkeys(names, quantity.parse("0"))
    for item in items:
        if usage.counts(quota.spec, hard, resource.group, resource.plural, item):
            own = usage.of_object(resource.group, resource.plural, item, now)
            used = amounts.add(used, amounts.only(own, names))
    return used


class ResourceQuotas:
    """The loop over ResourceQuotas."""

    name = "resourcequota-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._cluster = cluster
        self._client = cluster.client
        self._quotas = cluster.informers.of(kinds.RESOURCEQUOTAS)
        self._quotas.cache.add_index(NAMESPACE, lambda quota: [quota.metadata.namespace])
        self._quotas.on_change(enqueue_itself(self.queue))
        self._followed: set[str] = set()
        self._known: dict[tuple[str, str], Resource[Any]] = {(one.group, one.plural): one for one in _BY_NAME}
        self._discovered = float("-inf")

    async def reconcile(self, key: Key) -> None:
        """Count what there is, and write it down where it is not what the quota says."""
        if self._quotas.cache.get(key) is None:
            return
        quota = await self._client.get(kinds.RESOURCEQUOTAS, key.name, key.namespace)
        hard: dict[str, Any] = quota.spec.get("hard", {})
        used: Amounts = {}
        for resource in await self._counted(hard):
            await self._follow(resource)
            listed = await self._client.list(resource.raw, Selection(key.namespace))
            used |= added(quota, resource, listed.items, self._cluster.clock.now())
        await self._report(quota, hard, amounts.plain(amounts.only(used, hard)))
        self.queue.add_after(key, self._cluster.settings.quota_seconds)

    async def _counted(self, hard: Iterable[str]) -> list[Resource[Any]]:
        """The kinds of which a quota counts something. One that nobody serves is looked for again from time to time."""
        named = by_count(hard)
        now = self._cluster.clock.monotonic()
        if named - self._known.keys() and now - self._discovered >= self._cluster.settings.discovery_seconds:
            self._discovered = now
            served = (await discovery.discover(self._client)).with_verbs("list", "watch")
            self._known |= {(one.group, one.plural): one for one in served if one.namespaced} | self._known
        counted = [one for one in _BY_NAME if usage.names_of(one.group, one.plural, hard)]
        more = (self._known[one] for one in sorted(named) if one in self._known)
        return [*counted, *(one for one in more if one not in counted)]

    async def _follow(self, resource: Resource[Any]) -> None:
        """Hear of what is freed from now on, before it is counted what there is."""
        informers = self._cluster.informers
        informer = informers.of(resource) if resource in _BY_CONTENT else informers.metadata_of(resource)
        await informer.wait_synced()
        if str(resource) not in self._followed:
            self._followed.add(str(resource))
            informer.on_change(self._pod_changed if resource == kinds.PODS else self._changed(resource))

    def _changed(self, resource: Resource[Any]) -> Callable[[Any, Any], None]:
        by_content = resource in _BY_CONTENT

        def handler(old: Object | dict[str, Any] | None, new: Object | dict[str, Any] | None) -> None:
            if old is not None and (new is None or by_content):
                self._recount(key_of(old).namespace)

        return handler

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        """A pod that ends frees what it asked for, before it is gone."""
        if old is not None and (new is None or pods.is_ended(old) != pods.is_ended(new)):
            self._recount(old.metadata.namespace)

    def _recount(self, namespace: str) -> None:
        for quota in self._quotas.cache.indexed(NAMESPACE, namespace):
            self.queue.add(key_of(quota))

    async def _report(self, quota: ResourceQuota, hard: dict[str, Any], used: dict[str, str]) -> None:
        if _told(quota.status) == (amounts.parse(hard), amounts.parse(used)):
            return
        # A merge patch: names that the quota no longer bounds are struck out.
        gone: dict[str, str | None] = dict.fromkeys({*_told(quota.status)[0], *_told(quota.status)[1]} - hard.keys())
        patch = {
            "metadata": {"uid": quota.metadata.uid, "resourceVersion": quota.metadata.resource_version},
            "status": {"hard": {**gone, **hard}, "used": {**gone, **used}},
        }
        await self._client.patch(kinds.RESOURCEQUOTAS, key_of(quota), patch, STATUS)


def _told(status: dict[str, Any]) -> tuple[Amounts, Amounts]:
    """What a status says is bounded and used."""
    return amounts.parse(status.get("hard")), amounts.parse(status.get("used"))
