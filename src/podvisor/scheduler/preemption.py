"""Which pods would have to go from which node for a more important one to fit.

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/. Considered is what a node itself runs
out of: resources, ports, places. Pods that are unwelcome because of others' affinities are not made room for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from podvisor.scheduler.filters import Filter, refusal
from podvisor.scheduler.state import NodeState, PodInfo

CANDIDATES = 100
"""Nodes that are looked at; the first in turn, as kube-scheduler does."""


@dataclass(frozen=True, slots=True)
class Preemption:
    """Deleting the victims lets the pod onto the node."""

    node: str
    victims: Sequence[PodInfo]


def find(info: PodInfo, nodes: Sequence[NodeState], chosen: Sequence[Filter]) -> Preemption | None:
    """The least harmful preemption on one of `nodes`, if there is one.

    Least harmful: the most important victim as unimportant as can be, then all of them together, then as few as can be,
    then the youngest.
    """
    found = (preemption_on(info, node, chosen) for node in nodes[:CANDIDATES])
    return min((one for one in found if one is not None), key=_harm, default=None)


def preemption_on(info: PodInfo, node: NodeState, chosen: Sequence[Filter]) -> Preemption | None:
    """The victims on one node: all less important pods but those that may stay after all, most important first."""
    lower = [one for one in node.pods.values() if priority(one) < priority(info)]
    if not lower:
        return None
    left = node.copy()
    for one in lower:
        left.remove(one.uid)
    if refusal(chosen, left) is not None:
        return None
    victims: list[PodInfo] = []
    for one in sorted(lower, key=lambda one: (-priority(one), _started(one))):
        left.add(one)
        if refusal(chosen, left) is not None:
            left.remove(one.uid)
            victims.append(one)
    return Preemption(node.name, victims) if victims else None


def priority(info: PodInfo) -> int:
    """How important a pod is."""
    return info.pod.spec.priority


def _harm(one: Preemption) -> tuple[int, int, int, float]:
    priorities = [priority(victim) for victim in one.victims]
    youngest = max(_started(victim) for victim in one.victims)
    return (max(priorities), sum(priorities), len(priorities), -youngest)


def _started(info: PodInfo) -> float:
    moment: datetime | None = info.pod.status.start_time or info.pod.metadata.creation_timestamp
    return moment.timestamp() if moment is not None else 0.0
