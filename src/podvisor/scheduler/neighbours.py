"""Where other pods let a pod be: pod affinity, anti-affinity and topology spread, counted once per pod to be placed.

https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity and
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/. A domain is the set of nodes that
share a value of a topology key.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from podvisor.scheduler.state import NodeState, PodInfo, State
from podvisor.sdk import affinity, selectors
from podvisor.sdk.objects.core import Pod, PodAffinityTerm, TopologySpreadConstraint

Domain = tuple[str, str]
"""A topology key and a value of it."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """Which domains pull the pod, and which push it away."""

    needed: Sequence[PodAffinityTerm]
    near: Counter[tuple[int, str]]
    """Pods that the pod needs near it: by the number of the term, and the domain's value."""
    alone_is_fine: bool
    """Whether nothing in the cluster matches its own terms but the pod itself: then the first of a kind may start."""
    repelled: frozenset[Domain]
    """Where there are pods that it does not suffer."""
    repelling: frozenset[Domain]
    """Where there are pods that do not suffer it."""
    shunned: Sequence[PodAffinityTerm]

    def has_company(self, node: NodeState) -> bool:
        """Whether all pods that it needs are in the node's domains."""
        if any(term.topology_key not in node.labels for term in self.needed):
            return False
        if self.alone_is_fine:
            return True
        return all(self.near[index, node.labels[term.topology_key]] for index, term in enumerate(self.needed))

    def is_repelled(self, node: NodeState) -> bool:
        """Whether a pod that it does not suffer is in one of the node's domains."""
        return any(
            (term.topology_key, node.labels.get(term.topology_key, "")) in self.repelled for term in self.shunned
        )

    def is_unwelcome(self, node: NodeState) -> bool:
        """Whether a pod that does not suffer it is in one of the node's domains."""
        return any(node.labels.get(key) == value for key, value in self.repelling)


def nearness(info: PodInfo, state: State) -> Nearness | None:
    """What the pods of the cluster mean for this one; None if they do not matter."""
    wanted = info.pod.spec.affinity
    attraction = wanted.pod_affinity if wanted else None
    needed = attraction.required_during_scheduling_ignored_during_execution if attraction else []
    shunned = info.repels
    repelling = _repelling(info.pod, state)
    if not needed and not shunned and not repelling:
        return None
    near: Counter[tuple[int, str]] = Counter()
    repelled: set[Domain] = set()
    for node in state:
        for index, term in enumerate(needed):
            if (value := node.labels.get(term.topology_key)) is not None:
                near[index, value] += sum(_concerns(term, info.pod, one.pod, state) for one in node.pods.values())
        for term in shunned:
            value = node.labels.get(term.topology_key)
            if value is not None and any(_concerns(term, info.pod, one.pod, state) for one in node.pods.values()):
                repelled.add((term.topology_key, value))
    alone = not near.total() and all(_concerns(term, info.pod, info.pod, state) for term in needed)
    return Nearness(needed, near, alone, frozenset(repelled), repelling, shunned)


def preference(info: PodInfo, state: State) -> Counter[Domain]:
    """How many points each domain is worth by the pod's wishes for and against company."""
    points: Counter[Domain] = Counter()
    wanted = info.pod.spec.affinity
    for group, sign in ((wanted.pod_affinity, 1), (wanted.pod_anti_affinity, -1)) if wanted else ():
        for wish in group.preferred_during_scheduling_ignored_during_execution if group else ():
            term = wish.pod_affinity_term
            for node in state:
                if (value := node.labels.get(term.topology_key)) is not None:
                    found = sum(_concerns(term, info.pod, one.pod, state) for one in node.pods.values())
                    points[term.topology_key, value] += sign * wish.weight * found
    return points


@dataclass(frozen=True, slots=True)
class Spread:
    """How many matching pods each domain of one constraint has."""

    constraint: TopologySpreadConstraint
    counts: Counter[str]
    domains: frozenset[str]
    itself: int

    def is_labelled(self, node: NodeState) -> bool:
        """Whether the node is in any domain at all."""
        return self.constraint.topology_key in node.labels

    def is_even(self, node: NodeState) -> bool:
        """Whether the pod could be on the node without the domains' counts lying too far apart."""
        least = min((self.counts[domain] for domain in self.domains), default=0)
        if self.constraint.min_domains is not None and len(self.domains) < self.constraint.min_domains:
            least = 0
        here = self.counts[node.labels[self.constraint.topology_key]]
        return here + self.itself - least <= self.constraint.max_skew


def spreads(info: PodInfo, state: State, when_unsatisfiable: str) -> list[Spread]:
    """The counts of the pod's constraints of one kind, over the nodes that it selects."""
    wanted = [one for one in info.pod.spec.topology_spread_constraints if one.when_unsatisfiable == when_unsatisfiable]
    return [_spread(one, info.pod, (node for node in state if affinity.selects(info.pod, node))) for one in wanted]


def _spread(constraint: TopologySpreadConstraint, pod: Pod, nodes: Iterable[NodeState]) -> Spread:
    counts: Counter[str] = Counter()
    domains: set[str] = set()
    for node in nodes:
        if (value := node.labels.get(constraint.topology_key)) is not None:
            domains.add(value)
            counts[value] += sum(_alike(constraint, pod, one.pod) for one in node.pods.values())
    itself = int(selectors.matches(constraint.label_selector, pod.metadata.labels))
    return Spread(constraint, counts, frozenset(domains), itself)


def _alike(constraint: TopologySpreadConstraint, pod: Pod, other: Pod) -> bool:
    return (
        other.metadata.namespace == pod.metadata.namespace
        and not other.metadata.deleting
        and selectors.matches(constraint.label_selector, other.metadata.labels)
    )


def _repelling(pod: Pod, state: State) -> frozenset[Domain]:
    return frozenset(
        (term.topology_key, node.labels[term.topology_key])
        for node, other in state.repelling()
        for term in other.repels
        if term.topology_key in node.labels and _concerns(term, other.pod, pod, state)
    )


def _concerns(term: PodAffinityTerm, owner: Pod, other: Pod, state: State) -> bool:
    """Whether `other` is one of those that a term of `owner` speaks of."""
    if not selectors.matches(term.label_selector, other.metadata.labels):
        return False
    namespace = other.metadata.namespace
    if not term.namespaces and term.namespace_selector is None:
        return namespace == owner.metadata.namespace
    return namespace in term.namespaces or selectors.matches(
        term.namespace_selector, state.namespaces.get(namespace, {})
    )
