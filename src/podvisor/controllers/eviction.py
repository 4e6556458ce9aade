"""Removes pods from nodes whose NoExecute taints they do not tolerate, or no longer.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
"""

import math
from collections.abc import Sequence
from datetime import datetime

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.controllers.node import BY_NODE
from podvisor.sdk import STATUS, DeleteOptions, Key, conditions, errors, key_of, kinds, tolerations
from podvisor.sdk.objects.core import Node, Pod, Taint
from podvisor.sdk.objects.meta import Condition


def seconds_left(pod: Pod, taints: Sequence[Taint], first_seen: datetime, now: datetime) -> float:
    """How much longer the pod may stay; nothing or less means that it must go, infinity that it may stay for good.

    Of several tolerations of one taint, and of several taints, the shortest patience counts.
    """
    left = math.inf
    for taint in taints:
        tolerated = [one for one in pod.spec.tolerations if tolerations.tolerates(one, taint)]
        if not tolerated:
            return 0.0
        limits = [one.toleration_seconds for one in tolerated if one.toleration_seconds is not None]
        if limits:
            since = taint.time_added or first_seen
            left = min(left, max(min(limits), 0) - (now - since).total_seconds())
    return left


class Evictions:
    """The loop over pods on tainted nodes."""

    name = "taint-eviction-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._first_seen: dict[str, datetime] = {}
        """When a node was first seen with a NoExecute taint, for taints that do not say when they were added."""
        self._nodes = cluster.informers.of(kinds.NODES)
        self._pods = cluster.informers.of(kinds.PODS)
        self._pods.cache.add_index(BY_NODE, lambda pod: [pod.spec.node_name] if pod.spec.node_name else [])
        self._nodes.on_change(self._node_changed)
        self._pods.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Evict one pod if its patience is over, else come back when it will be."""
        await self._nodes.wait_synced()
        pod = self._pods.cache.get(key)
        node = self._nodes.cache.get(Key("", pod.spec.node_name)) if pod is not None else None
        if pod is None or node is None or pod.metadata.deleting:
            return
        now = self._clock.now()
        taints = [taint for taint in node.spec.taints if taint.effect == "NoExecute"]
        left = seconds_left(pod, taints, self._first_seen.get(node.metadata.uid, now), now)
        if left <= 0:
            await self._evict(pod)
        elif left < math.inf:
            self.queue.add_after(key, left)

    async def _evict(self, pod: Pod) -> None:
        place = f"{pod.metadata.namespace}/{pod.metadata.name}"
        self._events.normal(kinds.PODS, pod, "TaintManagerEviction", f"Marking for deletion Pod {place}")
        target = Condition(
            type="DisruptionTarget",
            status="True",
            reason="DeletionByTaintManager",
            message="Taint manager: deleting due to NoExecute taint",
            last_transition_time=self._clock.now(),
        )
        told = [conditions.plain(one) for one in conditions.put(pod.status.conditions, target)]
        patch = {"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": told}}
        try:
            await self._client.patch(kinds.PODS, key_of(pod), patch, STATUS)
            await self._client.delete(kinds.PODS, key_of(pod), DeleteOptions(uid=pod.metadata.uid))
        except errors.NotFound:
            return

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        node = new or old
        assert node is not None
        if new is None or not any(taint.effect == "NoExecute" for taint in new.spec.taints):
            self._first_seen.pop(node.metadata.uid, None)
            return
        self._first_seen.setdefault(new.metadata.uid, self._clock.now())
        for pod in self._pods.cache.indexed(BY_NODE, new.metadata.name):
            self.queue.add(key_of(pod))
