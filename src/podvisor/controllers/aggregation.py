"""Gives each ClusterRole with an aggregationRule the rules of the roles that it selects.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles
"""

from collections.abc import Iterable
from typing import Any

from podvisor.controllers.loop import Cluster
from podvisor.sdk import Key, errors, key_of, kinds, selectors
from podvisor.sdk.objects.rbac import ClusterRole


def rules(role: ClusterRole, others: Iterable[ClusterRole]) -> list[dict[str, Any]]:
    """The rules of all roles that the aggregationRule of `role` selects, by their names, each once."""
    found: list[dict[str, Any]] = []
    ordered = sorted(others, key=lambda one: one.metadata.name)
    for chosen in role.aggregation_rule.cluster_role_selectors if role.aggregation_rule else ():
        for other in ordered:
            if other.metadata.name != role.metadata.name and selectors.matches(chosen, other.metadata.labels):
                found += [rule for rule in other.rules if rule not in found]
    return found


class AggregatedRoles:
    """The loop over ClusterRoles."""

    name = "clusterrole-aggregation-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._roles = cluster.informers.of(kinds.CLUSTERROLES)
        self._roles.on_change(self._changed)

    async def reconcile(self, key: Key) -> None:
        """Bring the rules of one role up to date."""
        await self._roles.wait_synced()
        role = self._roles.cache.get(key)
        if role is None or role.aggregation_rule is None:
            return
        wanted = rules(role, self._roles.cache)
        if wanted != role.rules:
            metadata = {"resourceVersion": role.metadata.resource_version}
            try:
                await self._client.patch(kinds.CLUSTERROLES, key, {"metadata": metadata, "rules": wanted})
            except errors.NotFound:
                return

    def _changed(self, old: ClusterRole | None, new: ClusterRole | None) -> None:
        for role in self._roles.cache:
            if role.aggregation_rule is not None:
                self.queue.add(key_of(role))
