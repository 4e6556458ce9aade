"""Notices nodes that fall silent, and puts on every node the taints that its conditions call for.

https://kubernetes.io/docs/concepts/architecture/nodes/#heartbeats: a node is alive while it renews its Lease in
`kube-node-lease` or its status. What counts is when the change was seen here, by our own clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, Key, Selection, conditions, errors, key_of, kinds
from podvisor.sdk.objects.core import Lease, Node, Pod, Taint
from podvisor.sdk.objects.meta import Condition, seconds

LEASES = "kube-node-lease"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
PRESSURES = {
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
OWN = frozenset({NOT_READY, UNREACHABLE, UNSCHEDULABLE, *PRESSURES.values()})
"""The taints that are set and taken away here; all others are the administrator's."""
REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
BY_NODE = "node"
"""Index: pods by the node that they are bound to."""


def taints(node: Node, now: datetime) -> list[Taint]:
    """The taints that the node should have; those that it has already keep their times.

    A node that has not reported yet takes no pods, but those that it may have had from before are not evicted.
    """
    ready = conditions.find(node.status.conditions, "Ready")
    wanted = {
        (key, "NoSchedule") for type, key in PRESSURES.items() if conditions.is_true(node.status.conditions, type)
    }
    if ready is None:
        wanted.add((NOT_READY, "NoSchedule"))
    elif ready.status != "True":
        key = NOT_READY if ready.status == "False" else UNREACHABLE
        wanted |= {(key, "NoSchedule"), (key, "NoExecute")}
    if node.spec.unschedulable:
        wanted.add((UNSCHEDULABLE, "NoSchedule"))
    kept = [one for one in node.spec.taints if one.key not in OWN or (one.key, one.effect) in wanted]
    missing = wanted - {(one.key, one.effect) for one in kept}
    return [*kept, *(Taint(key=key, effect=effect, time_added=now) for key, effect in sorted(missing))]


def silenced(node: Node, now: datetime) -> list[Condition]:
    """The conditions of a node that nobody hears from: nothing is known any more."""
    result = list(node.status.conditions)
    for type in REPORTED:
        old = conditions.find(result, type)
        if old is None:
            reason, message = "NodeStatusNeverUpdated", "Kubelet never posted node status."
        else:
            reason, message = "NodeStatusUnknown", "Kubelet stopped posting node status."
        new = Condition(type=type, status="Unknown", reason=reason, message=message, last_transition_time=now)
        if old is not None and old.status == "Unknown":
            continue
        if old is not None:
            new = msgspec.structs.replace(new, last_heartbeat_time=old.last_heartbeat_time)
        result = [new if one is old else one for one in result] if old is not None else [*result, new]
    return result


@dataclass(slots=True)
class _Heard:
    """What a node last said, and when that was seen."""

    what: Any
    at: float


class Nodes:
    """The loop over nodes."""

    name = "node-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._grace = cluster.settings.node_grace_seconds
        self._events = cluster.recorder(self.name)
        self._heard: dict[Key, _Heard] = {}
        self._nodes = cluster.informers.of(kinds.NODES)
        self._leases = cluster.informers.of(kinds.LEASES, Selection(LEASES))
        self._pods = cluster.informers.of(kinds.PODS)
        self._pods.cache.add_index(BY_NODE, lambda pod: [pod.spec.node_name] if pod.spec.node_name else [])
        self._nodes.on_change(enqueue_itself(self.queue))
        self._leases.on_change(self._lease_changed)

    async def reconcile(self, key: Key) -> None:
        """Judge one node by what it last said, and come back when its patience ends."""
        await self._leases.wait_synced()
        if (node := self._nodes.cache.get(key)) is None:
            self._heard.pop(key, None)
            return
        left = self._grace - self._silence(key, node)
        if left <= 0:
            node = await self._silenced(key, node)
        else:
            self.queue.add_after(key, left)
        await self._taint(key, node)
        ready = conditions.find(node.status.conditions, "Ready")
        if ready is None or ready.status != "True":
            await self._mark_pods(key.name)

    def _silence(self, key: Key, node: Node) -> float:
        lease = self._leases.cache.get(Key(LEASES, key.name))
        ready = conditions.find(node.status.conditions, "Ready")
        beat = ready.last_heartbeat_time if ready is not None and ready.status != "Unknown" else None
        said = (lease.spec.renew_time if lease is not None else None, beat)
        now = self._clock.monotonic()
        heard = self._heard.get(key)
        if heard is None or (heard.what != said and said != (None, None)):
            heard = self._heard[key] = _Heard(said, now)
        return now - heard.at

    async def _silenced(self, key: Key, node: Node) -> Node:
        now = self._clock.now()
        wanted = silenced(node, now)
        if wanted == node.status.conditions:
            return node
        patch = {"metadata": _version(node), "status": {"conditions": [conditions.plain(one) for one in wanted]}}
        node = await self._client.patch(kinds.NODES, key, patch, STATUS)
        self._events.normal(kinds.NODES, node, "NodeNotReady", f"Node {key.name} status is now: NodeNotReady")
        return node

    async def _taint(self, key: Key, node: Node) -> None:
        wanted = taints(node, self._clock.now())
        if wanted != node.spec.taints:
            spec = {"taints": [_plain(one) for one in wanted] or None}
            await self._client.patch(kinds.NODES, key, {"metadata": _version(node), "spec": spec})

    async def _mark_pods(self, node: str) -> None:
        """Nobody can say any more that these pods serve."""
        for pod in self._pods.cache.indexed(BY_NODE, node):
            ready = conditions.find(pod.status.conditions, "Ready")
            if ready is None or ready.status != "True":
                continue
            try:
                await self._client.patch(kinds.PODS, key_of(pod), self._unready(pod), STATUS)
            except errors.NotFound:
                continue
            self._events.warning(kinds.PODS, pod, "NodeNotReady", "Node is not ready")

    def _unready(self, pod: Pod) -> dict[str, Any]:
        told = _not_ready(pod.status.conditions, self._clock.now())
        version = {"uid": pod.metadata.uid, "resourceVersion": pod.metadata.resource_version}
        return {"metadata": version, "status": {"conditions": told}}

    def _lease_changed(self, old: Lease | None, new: Lease | None) -> None:
        if new is not None:
            self.queue.add(Key("", new.metadata.name))


def _not_ready(told: Sequence[Condition], now: datetime) -> list[dict[str, str]]:
    changed = {"status": "False", "lastTransitionTime": seconds(now)}
    return [conditions.plain(one) | (changed if one.type == "Ready" else {}) for one in told]


def _version(node: Node) -> dict[str, str]:
    return {"uid": node.metadata.uid, "resourceVersion": node.metadata.resource_version}


def _plain(taint: Taint) -> dict[str, str]:
    fields = {"key": taint.key, "value": taint.value, "effect": taint.effect}
    fields["timeAdded"] = seconds(taint.time_added) if taint.time_added else ""
    return {name: text for name, text in fields.items() if text}
