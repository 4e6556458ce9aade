"""Removes pods that no node will ever report on: those of nodes that are gone, and unplaced ones that are going.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-garbage-collection
"""

from podvisor.controllers import pods
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.controllers.node import BY_NODE
from podvisor.sdk import STATUS, DeleteOptions, Key, conditions, errors, key_of, kinds
from podvisor.sdk.objects.core import Node, Pod
from podvisor.sdk.objects.meta import Condition


class LostPods:
    """The loop over pods."""

    name = "pod-garbage-collector-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._quarantine = cluster.settings.orphan_quarantine_seconds
        self._missing_since: dict[str, float] = {}
        self._nodes = cluster.informers.of(kinds.NODES)
        self._pods = cluster.informers.of(kinds.PODS)
        self._pods.cache.add_index(BY_NODE, lambda pod: [pod.spec.node_name] if pod.spec.node_name else [])
        self._pods.on_change(enqueue_itself(self.queue))
        self._nodes.on_change(self._node_changed)

    async def reconcile(self, key: Key) -> None:
        """Remove one pod if it is lost; a node that has only just vanished may come back first."""
        await self._nodes.wait_synced()
        if (pod := self._pods.cache.get(key)) is None:
            return
        if not pod.spec.node_name:
            if pod.metadata.deleting:
                await self._remove(pod)
            return
        if self._nodes.cache.get(Key("", pod.spec.node_name)) is not None:
            return
        since = self._missing_since.setdefault(pod.spec.node_name, self._clock.monotonic())
        left = self._quarantine - (self._clock.monotonic() - since)
        if left > 0:
            self.queue.add_after(key, left)
        elif await self._node_is_gone(pod.spec.node_name):
            await self._remove(pod)

    async def _node_is_gone(self, name: str) -> bool:
        try:
            await self._client.get(kinds.NODES.partial, name)
        except errors.NotFound:
            return True
        return False

    async def _remove(self, pod: Pod) -> None:
        try:
            if not pods.is_ended(pod):
                await self._client.patch(kinds.PODS, key_of(pod), self._failed(pod), STATUS)
            options = DeleteOptions(grace_period_seconds=0, uid=pod.metadata.uid)
            await self._client.delete(kinds.PODS, key_of(pod), options)
        except errors.NotFound:
            return

    def _failed(self, pod: Pod) -> dict[str, object]:
        target = Condition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByPodGC",
            message="PodGC: node no longer exists",
            last_transition_time=self._clock.now(),
        )
        told = [conditions.plain(one) for one in conditions.put(pod.status.conditions, target)]
        return {"metadata": {"uid": pod.metadata.uid}, "status": {"phase": "Failed", "conditions": told}}

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        node = new or old
        assert node is not None
        if new is not None:
            self._missing_since.pop(node.metadata.name, None)
            return
        self._missing_since[node.metadata.name] = self._clock.monotonic()
        for pod in self._pods.cache.indexed(BY_NODE, node.metadata.name):
            self.queue.add(key_of(pod))
