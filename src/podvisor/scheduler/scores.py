"""How good a node would be for a pod: higher is better.

Each score lies between 0 and 100 and is weighted as kube-scheduler's default profile weights it.
"""

from collections.abc import Sequence

from podvisor.scheduler import neighbours
from podvisor.scheduler.state import NodeState, PodInfo, State
from podvisor.sdk import affinity, tolerations

MOST = 100.0
FAR = 1 << 20
"""What a node outside every domain of a spread constraint counts as having: it comes last."""


def totals(info: PodInfo, nodes: Sequence[NodeState], state: State) -> list[float]:
    """The weighted sum for each node, in their order."""
    result = [_resources(info, node) for node in nodes]
    for weight, points in _wishes(info, nodes, state):
        result = [total + weight * point for total, point in zip(result, points, strict=True)]
    return result


def _resources(info: PodInfo, node: NodeState) -> float:
    """LeastAllocated and BalancedAllocation, weight 1 each: much left over, and CPU and memory used alike."""
    offered, used, wanted = node.allocatable, node.assumed, info.assumed
    if not offered.cpu or not offered.memory:
        return 0.0
    cpu = (used.cpu + wanted.cpu) / offered.cpu
    memory = (used.memory + wanted.memory) / offered.memory
    if cpu > 1.0 or memory > 1.0:
        cpu, memory = min(cpu, 1.0), min(memory, 1.0)
    left = (2.0 - cpu - memory) / 2.0
    balance = 1.0 - abs(cpu - memory) / 2.0
    return MOST * (left + balance)


def _wishes(info: PodInfo, nodes: Sequence[NodeState], state: State) -> list[tuple[float, list[float]]]:
    """The scores that only some pods or nodes give rise to, with their weights."""
    found: list[tuple[float, list[float]]] = []
    if any(node.soft_taints for node in nodes):
        found.append((3.0, _normalised([-_unborne(info, node) for node in nodes])))
    if wishes := affinity.wishes(info.pod):
        points = [
            float(sum(wish.weight for wish in wishes if affinity.matches(wish.preference, node))) for node in nodes
        ]
        found.append((2.0, _normalised(points)))
    if company := neighbours.preference(info, state):
        points = [
            float(sum(worth for (key, value), worth in company.items() if node.labels.get(key) == value))
            for node in nodes
        ]
        found.append((2.0, _normalised(points)))
    for spread in neighbours.spreads(info, state, "ScheduleAnyway"):
        key = spread.constraint.topology_key
        crowds = [spread.counts[node.labels[key]] if key in node.labels else FAR for node in nodes]
        found.append((2.0, _normalised([-float(crowd) for crowd in crowds])))
    return found


def _unborne(info: PodInfo, node: NodeState) -> float:
    borne = info.pod.spec.tolerations
    return float(sum(not any(tolerations.tolerates(one, taint) for one in borne) for taint in node.soft_taints))


def _normalised(points: Sequence[float]) -> list[float]:
    """Stretched so that the worst gets 0 and the best 100; all alike get 0, since then it makes no difference."""
    least, most = min(points), max(points)
    if least == most:
        return [0.0] * len(points)
    return [MOST * (point - least) / (most - least) for point in points]
