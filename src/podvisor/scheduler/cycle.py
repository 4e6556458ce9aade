"""One decision: the best node for a pod as things are now, or why there is none."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from podvisor.scheduler import preemption, scores
from podvisor.scheduler.filters import Change, Filter, Refusal, filters, refusal
from podvisor.scheduler.preemption import Preemption
from podvisor.scheduler.state import NodeState, PodInfo, State

VICTIMLESS = "No preemption victims found for incoming pod"
HELPLESS = "Preemption is not helpful for scheduling"
FEW = 100
"""Up to so many nodes that fit are always compared."""


@dataclass(frozen=True, slots=True)
class Unschedulable:
    """No node fits."""

    message: str
    helped_by: Change
    preemption: Preemption | None = None
    """What would make room, where the pod is more important than others."""


class Cycle:
    """Decides; remembers only where it looked last, so that all nodes get their turn."""

    def __init__(self, state: State, chance: random.Random | None = None) -> None:
        self._state = state
        self._next = 0
        self._chance = chance or random.Random()

    def decide(self, info: PodInfo) -> NodeState | Unschedulable:
        """The node to bind the pod to. Changes nothing."""
        chosen = filters(info, self._state)
        enough = enough_nodes(len(self._state))
        fitting: list[NodeState] = []
        refusals: list[tuple[NodeState, Refusal]] = []
        looked = 0
        for node in self._state.from_index(self._next):
            looked += 1
            seen = node.with_promised(info) if node.promised else node
            if (found := refusal(chosen, seen)) is not None:
                refusals.append((node, found))
                continue
            fitting.append(node)
            if len(fitting) == enough:
                break
        if not fitting:
            return self._unschedulable(info, chosen, refusals)
        self._next = (self._next + looked) % len(self._state)
        return self._best(info, fitting)

    def _unschedulable(
        self, info: PodInfo, chosen: Sequence[Filter], refusals: Sequence[tuple[NodeState, Refusal]]
    ) -> Unschedulable:
        reasons = [found for _, found in refusals]
        if info.pod.spec.preemption_policy == "Never":
            return explain(reasons, "not eligible due to preemptionPolicy=Never.")
        if self._is_awaited(info):
            return explain(reasons, "not eligible due to a terminating pod on the nominated node.")
        nodes = [node for node, found in refusals if found.preemptible]
        found = preemption.find(info, nodes, chosen)
        return replace(explain(reasons, "" if found else None), preemption=found)

    def _is_awaited(self, info: PodInfo) -> bool:
        """Whether room is being made for the pod already."""
        node = self._state.node(info.pod.status.nominated_node_name)
        return node is not None and any(
            one.pod.metadata.deleting and preemption.priority(one) < preemption.priority(info)
            for one in node.pods.values()
        )

    def _best(self, info: PodInfo, fitting: Sequence[NodeState]) -> NodeState:
        if len(fitting) == 1:
            return fitting[0]
        totals = scores.totals(info, fitting, self._state)
        most = max(totals)
        return self._chance.choice([node for node, total in zip(fitting, totals, strict=True) if total == most])


def enough_nodes(total: int) -> int:
    """How many fitting nodes are compared at most: all of few, an ever smaller share of many, at least 5 %.

    As kube-scheduler's adaptive `percentageOfNodesToScore`.
    """
    if total <= FEW:
        return total
    return max(total * max(50 - total // 125, 5) // 100, FEW)


def explain(refusals: Sequence[Refusal], preempting: str | None = None) -> Unschedulable:
    """The message that kube-scheduler gives, and what could change it.

    `preempting` says what became of making room; without it, that nothing could.
    """
    if not refusals:
        return Unschedulable("no nodes available to schedule pods", Change.NODE)
    none = f"0/{len(refusals)} nodes are available"
    message = f"{none}: {_counted(reason for one in refusals for reason in one.reasons)}."
    if preempting is None:
        preempting = f"{none}: {_counted(VICTIMLESS if one.preemptible else HELPLESS for one in refusals)}."
    helped_by = Change.NODE
    for one in refusals:
        helped_by |= one.helped_by
    return Unschedulable(f"{message} preemption: {preempting}" if preempting else message, helped_by)


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
