"""The cluster's NetworkPolicies, as far as they concern this node's pods."""

from collections.abc import Callable
from typing import Any

from podvisor import sdk
from podvisor.network import policy
from podvisor.node import objects
from podvisor.sdk.objects.meta import Object

DNS = policy.Pod("node", "kube-system", {"k8s-app": "kube-dns"}, (("dns", "UDP", 53), ("dns-tcp", "TCP", 53)))
"""Whom a policy selects that allows the cluster's DNS: the node serves it, as what the switch calls `node`."""


class Policies:
    """Follows policies, and the pods and namespaces that they select."""

    def __init__(self, known: sdk.Informers, node: str, changed: Callable[[], None]) -> None:
        """`changed` is called when the table may have become another."""
        self._policies = known.of(sdk.kinds.NETWORKPOLICIES)
        self._namespaces = known.of(sdk.kinds.NAMESPACES.partial)
        self._pods = known.of(objects.PODS, sdk.Selection(fields=f"spec.nodeName={node}"))
        self._changed = changed
        self._table: policy.Table | None = None

    async def follow(self) -> None:
        """Know all of it, and hear of changes. Returns once everything is known."""
        for informer in (self._policies, self._namespaces, self._pods):
            await informer.wait_synced()
        self._policies.on_change(self._policy_changed)
        self._namespaces.on_change(self._namespace_changed)
        self._pods.on_change(self._pod_changed)

    def table(self) -> policy.Table:
        """What there is now."""
        if self._table is None:
            pods = [DNS, *(_pod(pod) for pod in self._pods.cache if not pod.finished)]
            namespaces = {one.metadata.name: one.metadata.labels for one in self._namespaces.cache}
            policies = (policy.Policy(one["metadata"]["namespace"], one["spec"]) for one in self._policies.cache)
            self._table = policy.table(policies, pods, namespaces)
        return self._table

    def _touch(self) -> None:
        self._table = None
        self._changed()

    def _policy_changed(self, old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
        if (old and old["spec"]) != (new and new["spec"]):
            self._touch()

    def _namespace_changed(self, old: Object | None, new: Object | None) -> None:
        if (old and old.metadata.labels) != (new and new.metadata.labels):
            self._touch()

    def _pod_changed(self, old: objects.Pod | None, new: objects.Pod | None) -> None:
        before, now = (None if pod is None or pod.finished else _pod(pod) for pod in (old, new))
        if before != now:
            self._touch()


def _pod(pod: objects.Pod) -> policy.Pod:
    ports = tuple((port.name, port.protocol, port.container_port) for one in pod.every_container for port in one.ports)
    return policy.Pod(pod.metadata.uid, pod.metadata.namespace, pod.metadata.labels, ports)
