"""Which nodes a pod can run on, and why not on the others, in kube-scheduler's words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Flag, auto
from functools import partial

from podvisor.scheduler import neighbours, volumes
from podvisor.scheduler.resources import Amounts
from podvisor.scheduler.state import HostPort, NodeState, PodInfo, State
from podvisor.sdk import affinity, tolerations
from podvisor.sdk.objects.core import Taint
from podvisor.sdk.objects.storage import claims_of


class Change(Flag):
    """What may happen in the cluster that lets a pod fit that did not."""

    NODE = auto()
    """A node came, or changed what it offers or demands."""
    POD_GONE = auto()
    """A pod no longer takes its place."""
    POD_CAME = auto()
    """A pod was bound, or changed its labels."""
    NAMESPACE = auto()
    """A namespace changed its labels."""
    STORAGE = auto()
    """A claim, a volume or a class came or changed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a pod cannot be on a node."""

    reasons: tuple[str, ...]
    helped_by: Change
    preemptible: bool = True
    """Whether the removal of other pods from the node could help."""


Filter = Callable[[NodeState], Refusal | None]

UNSCHEDULABLE = Refusal(("node(s) were unschedulable",), Change.NODE, preemptible=False)
NOT_SELECTED = Refusal(("node(s) didn't match Pod's node affinity/selector",), Change.NODE, preemptible=False)
PORTS_TAKEN = Refusal(("node(s) didn't have free ports for the requested pod ports",), Change.NODE | Change.POD_GONE)
TOO_MANY = Refusal(("Too many pods",), Change.NODE | Change.POD_GONE)
ANYTHING = Change.NODE | Change.POD_GONE | Change.POD_CAME | Change.NAMESPACE
NO_COMPANY = Refusal(("node(s) didn't match pod affinity rules",), ANYTHING, preemptible=False)
REPELLED = Refusal(("node(s) didn't match pod anti-affinity rules",), ANYTHING, preemptible=False)
UNWELCOME = Refusal(("node(s) didn't satisfy existing pods anti-affinity rules",), ANYTHING, preemptible=False)
UNEVEN = Refusal(("node(s) didn't match pod topology spread constraints",), ANYTHING, preemptible=False)
UNLABELLED = Refusal(
    ("node(s) didn't match pod topology spread constraints (missing required label)",), ANYTHING, preemptible=False
)
IN_USE = Refusal((volumes.IN_USE,), Change.POD_GONE, preemptible=False)
CORDON = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")


def filters(info: PodInfo, state: State) -> list[Filter]:
    """The filters that can say no to this pod, cheap and often decisive ones first."""
    chosen: list[Filter] = [_bars(info)]
    if affinity.is_choosy(info.pod):
        chosen.append(lambda node: None if affinity.selects(info.pod, node) else NOT_SELECTED)
    if info.ports:
        chosen.append(lambda node: PORTS_TAKEN if _ports_taken(info, node) else None)
    chosen.append(partial(_resources, info))
    if claims_of(info.pod):
        chosen.append(_volumes(info, state))
    if (near := neighbours.nearness(info, state)) is not None:
        chosen.append(lambda node: _nearness(near, node))
    if uneven := neighbours.spreads(info, state, "DoNotSchedule"):
        chosen.append(lambda node: _spread(uneven, node))
    return chosen


def _volumes(info: PodInfo, state: State) -> Filter:
    wanted = volumes.needs(info.pod, state.storage)
    if wanted.why_not:
        never = Refusal((wanted.why_not,), Change.STORAGE, preemptible=False)
        return lambda node: never
    others = (one.pod for node in state for one in node.pods.values())
    if wanted.alone and volumes.in_use(info.pod, wanted.alone, others):
        return lambda node: IN_USE

    def test(node: NodeState) -> Refusal | None:
        why = volumes.why_not(wanted, node, state.storage)
        return Refusal((why,), Change.STORAGE | Change.NODE, preemptible=False) if why else None

    return test


def refusal(chosen: Iterable[Filter], node: NodeState) -> Refusal | None:
    """The first reason against a node, if there is one."""
    for test in chosen:
        if (found := test(node)) is not None:
            return found
    return None


def conflict(one: HostPort, other: HostPort) -> bool:
    """Whether two pods cannot have these ports of the same node."""
    return one[0] == other[0] and one[2] == other[2] and (one[1] == other[1] or "0.0.0.0" in (one[1], other[1]))


def _bars(info: PodInfo) -> Filter:
    """Cordons and taints, which most nodes have none of."""
    borne = info.pod.spec.tolerations
    bears_cordon = any(tolerations.tolerates(one, CORDON) for one in borne)

    def test(node: NodeState) -> Refusal | None:
        if not node.barred:
            return None
        if node.node.spec.unschedulable and not bears_cordon:
            return UNSCHEDULABLE
        taint = tolerations.untolerated(borne, node.hard_taints, "NoSchedule", "NoExecute")
        if taint is None:
            return None
        reason = f"node(s) had untolerated taint {{{taint.key}: {taint.value}}}"
        return Refusal((reason,), Change.NODE, preemptible=False)

    return test


def _ports_taken(info: PodInfo, node: NodeState) -> bool:
    taken = [port for other in node.pods.values() for port in other.ports]
    return any(conflict(port, other) for port in info.ports for other in taken)


def _resources(info: PodInfo, node: NodeState) -> Refusal | None:
    if len(node.pods) >= node.pods_allowed:
        return TOO_MANY
    wanted, used, offered = info.asked, node.asked, node.allocatable
    if (
        wanted.cpu + used.cpu <= offered.cpu
        and wanted.memory + used.memory <= offered.memory
        and wanted.storage + used.storage <= offered.storage
        and not wanted.others
    ):
        return None
    return _lacking(wanted, used, offered)


def _lacking(wanted: Amounts, used: Amounts, offered: Amounts) -> Refusal | None:
    """All that there is too little of. Who asks for none of something fits even where that is overcommitted."""
    lacking = [
        (name, amount <= offer)
        for name, amount, taken, offer in (
            ("cpu", wanted.cpu, used.cpu, offered.cpu),
            ("memory", wanted.memory, used.memory, offered.memory),
            ("ephemeral-storage", wanted.storage, used.storage, offered.storage),
        )
        if amount and amount + taken > offer
    ]
    for name, amount in wanted.others.items():
        offer = offered.others.get(name, 0)
        if amount and amount + used.others.get(name, 0) > offer:
            lacking.append((name, amount <= offer))
    if not lacking:
        return None
    reasons = tuple(f"Insufficient {name}" for name, _ in lacking)
    would_fit_empty = all(would_fit for _, would_fit in lacking)
    return Refusal(reasons, Change.NODE | Change.POD_GONE, preemptible=would_fit_empty)


def _nearness(near: neighbours.Nearness, node: NodeState) -> Refusal | None:
    if not near.has_company(node):
        return NO_COMPANY
    if near.is_repelled(node):
        return REPELLED
    return UNWELCOME if near.is_unwelcome(node) else None


def _spread(constraints: Iterable[neighbours.Spread], node: NodeState) -> Refusal | None:
    for constraint in constraints:
        if not constraint.is_labelled(node):
            return UNLABELLED
        if not constraint.is_even(node):
            return UNEVEN
    return None
