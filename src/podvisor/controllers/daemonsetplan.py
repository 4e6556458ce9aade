"""Which nodes a DaemonSet needs a pod on, and which of its pods have to go, worked out without any I/O.

https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/ says what is promised: a pod on each node that it
fits, nodes that are not ready or under pressure included, and an update that leaves few nodes without one.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from podvisor.controllers import ownership, pods
from podvisor.controllers.history import HASH
from podvisor.sdk import affinity, kinds, tolerations
from podvisor.sdk.objects.apps import ControllerRevision, DaemonSet
from podvisor.sdk.objects.core import Node, Pod, Toleration

GENERATION = "pod-template-generation"
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
POD_HASH = "controller-revision-hash"
BORNE = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
"""Taints that the pods of every DaemonSet bear."""
BORNE_ON_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


@dataclass(frozen=True, slots=True)
class View:
    """A set, all nodes and its pods at one moment; `hash` is that of the current template."""

    set: DaemonSet
    nodes: Sequence[Node]
    owned: Sequence[Pod]
    hash: str
    now: datetime

    def is_available(self, pod: Pod) -> bool:
        """True if the pod serves its node."""
        return not pod.metadata.deleting and pods.is_available(pod, self.set.spec.min_ready_seconds, self.now)

    def is_current(self, pod: Pod) -> bool:
        """True if the pod is of the current template."""
        return pod.metadata.labels.get(POD_HASH) == self.hash


@dataclass(frozen=True, slots=True)
class Plan:
    """The nodes that need a pod and the pods that are to go, with those among them that failed."""

    create: Sequence[str] = ()
    delete: Sequence[Pod] = ()
    failed: Sequence[Pod] = ()


def node_of(pod: Pod) -> str:
    """The node a pod is on, or is meant for before the scheduler has placed it."""
    if pod.spec.node_name:
        return pod.spec.node_name
    wanted = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = wanted.required_during_scheduling_ignored_during_execution if wanted else None
    for term in required.node_selector_terms if required else ():
        for one in term.match_fields:
            if one.key == "metadata.name" and one.operator == "In" and len(one.values) == 1:
                return one.values[0]
    return ""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a node is to a set."""

    should_run: bool
    may_stay: bool
    """True if a pod that is there stays, although it would not be started."""


def fit(wanted: DaemonSet, node: Node) -> Fit:
    """Whether a node is one of those that the set covers."""
    pod = msgspec.convert({"spec": wanted.spec.template.get("spec") or {}}, Pod)
    if pod.spec.node_name not in ("", node.metadata.name) or not affinity.selects(pod, node.metadata):
        return Fit(False, False)
    borne = [*pod.spec.tolerations, *_tolerations(host_network=pod.spec.host_network)]
    taints = node.spec.taints
    evicts = tolerations.untolerated(borne, taints, "NoExecute") is not None
    return Fit(not evicts and tolerations.untolerated(borne, taints, "NoSchedule") is None, not evicts)


def by_node(owned: Iterable[Pod]) -> Mapping[str, list[Pod]]:
    """The pods of each node, oldest first."""
    found: defaultdict[str, list[Pod]] = defaultdict(list)
    for pod in sorted(
        owned, key=lambda pod: (pod.metadata.creation_timestamp is None, pod.metadata.creation_timestamp)
    ):
        found[node_of(pod)].append(pod)
    return found


def plan(view: View) -> Plan:
    """What is missing and what is too much, updates aside."""
    found, create, delete, failed = by_node(view.owned), list[str](), list[Pod](), list[Pod]()
    names = {node.metadata.name for node in view.nodes}
    for node in view.nodes:
        here = found.get(node.metadata.name, [])
        what = fit(view.set, node)
        if not what.may_stay:
            delete += [pod for pod in here if not pod.metadata.deleting]
            continue
        if not here:
            create += [node.metadata.name] if what.should_run else []
            continue
        ended = [pod for pod in here if pods.is_ended(pod) and not pod.metadata.deleting]
        failed += ended
        delete += ended
        delete += _surplus(view, [pod for pod in here if pods.is_active(pod)])
    # Pods whose node is gone will never run; those without any have not been made by this controller.
    delete += [pod for node, here in found.items() if node and node not in names for pod in here if pods.is_active(pod)]
    return Plan(create, delete, failed)


def _surplus(view: View, running: Sequence[Pod]) -> list[Pod]:
    """One pod a node; while an update surges the old one stays until the new one serves."""
    if len(running) < 2:
        return []
    old = [pod for pod in running if not view.is_current(pod)]
    new = [pod for pod in running if view.is_current(pod)]
    if _surge(view) and old and new:
        return [*old[1:], *new[1:], *(old[:1] if view.is_available(new[0]) else ())]
    return list(running[1:])


def update(view: View) -> Plan:
    """The next step of a rolling update: old pods that can be spared, or nodes that get a second one."""
    if view.set.spec.update_strategy.type != "RollingUpdate":
        return Plan()
    found = by_node(view.owned)
    covered = {
        node.metadata.name: found.get(node.metadata.name, []) for node in view.nodes if fit(view.set, node).should_run
    }
    surge = _surge(view)
    return _surging(view, covered, surge) if surge else _replacing(view, covered)


def _replacing(view: View, covered: Mapping[str, Sequence[Pod]]) -> Plan:
    most, unavailable = _max_unavailable(view, len(covered)), 0
    ready: list[Pod] = []
    broken: list[Pod] = []
    for here in covered.values():
        active = [pod for pod in here if not pod.metadata.deleting]
        old = [pod for pod in active if not view.is_current(pod)]
        available = any(view.is_available(pod) for pod in active)
        unavailable += not available
        if len(active) == 1 and old:
            (ready if available else broken).append(old[0])
    # What serves nobody goes at once; of the others as many as can be spared.
    return Plan(delete=[*broken, *ready[: max(most - unavailable, 0)]])


def _surging(view: View, covered: Mapping[str, Sequence[Pod]], surge: int) -> Plan:
    create: list[str] = []
    delete: list[Pod] = []
    for name, here in covered.items():
        active = [pod for pod in here if not pod.metadata.deleting]
        old = [pod for pod in active if not view.is_current(pod)]
        new = [pod for pod in active if view.is_current(pod)]
        if not old:
            continue
        if new:
            surge -= 1
            delete += old if view.is_available(new[0]) else []
        elif not view.is_available(old[0]):
            delete += old[:1]
        else:
            create.append(name)
    return Plan(create=create[: max(surge, 0)], delete=delete)


def _max_unavailable(view: View, nodes: int) -> int:
    return _resolve(view.set.spec.update_strategy.rolling_update.max_unavailable, nodes)


def _surge(view: View) -> int:
    if view.set.spec.update_strategy.type != "RollingUpdate":
        return 0
    nodes = sum(fit(view.set, node).should_run for node in view.nodes)
    return _resolve(view.set.spec.update_strategy.rolling_update.max_surge, nodes)


def _resolve(amount: int | str, nodes: int) -> int:
    """A share is rounded up: an update has to move."""
    return amount if isinstance(amount, int) else math.ceil(int(amount.removesuffix("%")) * nodes / 100)


def status_of(view: View, collisions: int) -> dict[str, Any]:
    """The status that the pods amount to."""
    found = by_node(view.owned)
    counts = dict.fromkeys(("desired", "current", "misscheduled", "ready", "available", "updated"), 0)
    for node in view.nodes:
        here = [pod for pod in found.get(node.metadata.name, ()) if not pods.is_ended(pod)]
        if not fit(view.set, node).should_run:
            counts["misscheduled"] += bool(here)
            continue
        counts["desired"] += 1
        if here:
            ready = [pod for pod in here if pods.is_ready(pod)]
            counts["current"] += 1
            counts["ready"] += bool(ready)
            counts["available"] += any(view.is_available(pod) for pod in ready)
            counts["updated"] += any(view.is_current(pod) for pod in here)
    return {
        "desiredNumberScheduled": counts["desired"],
        "currentNumberScheduled": counts["current"],
        "numberMisscheduled": counts["misscheduled"],
        "numberReady": counts["ready"],
        "updatedNumberScheduled": counts["updated"] or None,
        "numberAvailable": counts["available"] or None,
        "numberUnavailable": counts["desired"] - counts["available"] or None,
        "observedGeneration": view.set.metadata.generation or None,
        "collisionCount": collisions or None,
    }


def pod_for(owner: DaemonSet, revision: ControllerRevision, node: str) -> dict[str, Any]:
    """The pod of one node. The scheduler places it, so that it waits for room as others do."""
    reference = ownership.reference(kinds.DAEMONSETS, owner)
    pod = pods.from_template(owner.spec.template, f"{owner.metadata.name}-", reference)
    labels = {**pod["metadata"].get("labels", {}), POD_HASH: revision.metadata.labels.get(HASH, "")}
    labels[GENERATION] = owner.metadata.annotations.get(TEMPLATE_GENERATION, "1")
    spec = {**pod["spec"], "affinity": _only(pod["spec"].get("affinity") or {}, node)}
    given = [*(spec.get("tolerations") or ())]
    for one in _tolerations(host_network=bool(spec.get("hostNetwork"))):
        plain = {"key": one.key, "operator": "Exists", "effect": one.effect}
        given += [] if plain in given else [plain]
    spec["tolerations"] = given
    return {**pod, "metadata": {**pod["metadata"], "labels": labels}, "spec": spec}


def _only(wanted: Mapping[str, Any], node: str) -> dict[str, Any]:
    """The affinity for one node and no other, in place of what the template needs, which has been looked at."""
    name = {"key": "metadata.name", "operator": "In", "values": [node]}
    required = {"nodeSelectorTerms": [{"matchFields": [name]}]}
    nodes: dict[str, Any] = {
        **(wanted.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": required,
    }
    return {**wanted, "nodeAffinity": nodes}


def _tolerations(*, host_network: bool) -> list[Toleration]:
    borne = [*BORNE, BORNE_ON_HOST_NETWORK] if host_network else BORNE
    return [Toleration(key=key, operator="Exists", effect=effect) for key, effect in borne]


def together(first: Plan, second: Plan) -> Plan:
    """Both."""
    return replace(first, create=[*first.create, *second.create], delete=[*first.delete, *second.delete])
