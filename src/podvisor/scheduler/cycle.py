"""One decision: the best node for a pod as things are now, or why there is none."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podvisor.scheduler import scores
from podvisor.scheduler.filters import Change, Refusal, filters, refusal
from podvisor.scheduler.state import NodeState, PodInfo, State

FEW = 100
"""Up to so many nodes that fit are always compared."""


@dataclass(frozen=True, slots=True)
class Unschedulable:
    """No node fits."""

    message: str
    helped_by: Change


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
        refusals: list[Refusal] = []
        looked = 0
        for node in self._state.from_index(self._next):
            looked += 1
            if (found := refusal(chosen, node)) is not None:
                refusals.append(found)
                continue
            fitting.append(node)
            if len(fitting) == enough:
                break
        if not fitting:
            return explain(refusals)
        self._next = (self._next + looked) % len(self._state)
        return self._best(info, fitting)

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


def explain(refusals: Sequence[Refusal]) -> Unschedulable:
    """The message that kube-scheduler gives, and what could change it."""
    if not refusals:
        return Unschedulable("no nodes available to schedule pods", Change.NODE)
    total = len(refusals)
    reasons = _counted(reason for one in refusals for reason in one.reasons)
    victims = _counted(
        "No preemption victims found for incoming pod"
        if one.preemptible
        else "Preemption is not helpful for scheduling"
        for one in refusals
    )
    none = f"0/{total} nodes are available"
    helped_by = Change(0)
    for one in refusals:
        helped_by |= one.helped_by
    return Unschedulable(f"{none}: {reasons}. preemption: {none}: {victims}.", helped_by | Change.NODE)


def _counted(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in Counter(reasons).items()))
