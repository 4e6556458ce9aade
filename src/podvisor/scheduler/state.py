"""The nodes and the pods on them, as filters and scores look at them."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from podvisor.scheduler import resources
from podvisor.scheduler.resources import Amounts
from podvisor.scheduler.volumes import Storage
from podvisor.sdk.objects.core import Node, Pod, PodAffinityTerm, Taint

HostPort = tuple[str, str, int]
"""Protocol, address (`0.0.0.0` for every one) and number."""


class PodInfo:
    """A pod, with what is worked out from it once."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.uid = pod.metadata.uid

    @cached_property
    def asked(self) -> Amounts:
        """What it asks for."""
        return resources.asked(self.pod)

    @cached_property
    def assumed(self) -> Amounts:
        """What it counts as in scores."""
        return resources.assumed(self.pod, self.asked)

    @cached_property
    def ports(self) -> frozenset[HostPort]:
        """The ports of the node that it takes."""
        containers = (*self.pod.spec.containers, *self.pod.spec.init_containers)
        return frozenset(
            (port.protocol, port.host_ip or "0.0.0.0", port.host_port)
            for container in containers
            for port in container.ports
            if port.host_port
        )

    @cached_property
    def repels(self) -> tuple[PodAffinityTerm, ...]:
        """The pods that it does not suffer near it."""
        affinity = self.pod.spec.affinity
        anti = affinity.pod_anti_affinity if affinity else None
        return tuple(anti.required_during_scheduling_ignored_during_execution) if anti else ()


@dataclass(slots=True)
class NodeState:
    """One node and the sum of what is on it."""

    node: Node
    allocatable: Amounts = field(default_factory=Amounts)
    pods_allowed: int = 0
    barred: bool = False
    """Whether it is cordoned or has taints that keep pods away."""
    hard_taints: tuple[Taint, ...] = ()
    soft_taints: tuple[Taint, ...] = ()
    asked: Amounts = field(default_factory=Amounts)
    assumed: Amounts = field(default_factory=Amounts)
    pods: dict[str, PodInfo] = field(default_factory=dict[str, PodInfo])
    promised: dict[str, PodInfo] = field(default_factory=dict[str, PodInfo])
    """Pods for which others are being removed from here."""

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.metadata.name

    @property
    def labels(self) -> dict[str, str]:
        """The node's labels."""
        return self.node.metadata.labels

    def set_node(self, node: Node) -> None:
        """Take over what the node says about itself."""
        self.node = node
        self.allocatable = resources.parse(node.status.allocatable)
        self.pods_allowed = resources.pods_allowed(node.status.allocatable)
        self.hard_taints = tuple(one for one in node.spec.taints if one.effect in ("NoSchedule", "NoExecute"))
        self.barred = node.spec.unschedulable or bool(self.hard_taints)
        self.soft_taints = tuple(one for one in node.spec.taints if one.effect == "PreferNoSchedule")

    def copy(self) -> "NodeState":
        """A copy to try things on; pods and node are shared."""
        asked, assumed = self.asked.copy(), self.assumed.copy()
        return replace(self, asked=asked, assumed=assumed, pods=dict(self.pods), promised={})

    def with_promised(self, info: PodInfo) -> "NodeState":
        """As it will be when the pods are there that it is promised to and that are no less important than `info`."""
        coming = [
            one
            for one in self.promised.values()
            if one.uid != info.uid and one.pod.spec.priority >= info.pod.spec.priority
        ]
        if not coming:
            return self
        state = self.copy()
        for one in coming:
            state.add(one)
        return state

    def add(self, info: PodInfo) -> None:
        """Count a pod in."""
        self.pods[info.uid] = info
        self.asked.add(info.asked)
        self.assumed.add(info.assumed)

    def remove(self, uid: str) -> None:
        """Count a pod out."""
        info = self.pods.pop(uid)
        self.asked.add(info.asked, -1)
        self.assumed.add(info.assumed, -1)


class State:
    """All nodes. Pods may be known before their node is, and after it is gone."""

    def __init__(self) -> None:
        self._nodes: dict[str, NodeState] = {}
        self._homeless: dict[str, dict[str, PodInfo]] = {}
        self._places: dict[str, str] = {}
        self._ordered: list[NodeState] = []
        self._promises: dict[str, str] = {}
        self._repelling: dict[str, PodInfo] = {}
        self.storage = Storage()
        self.namespaces: dict[str, dict[str, str]] = {}
        """The labels of each namespace."""

    def __len__(self) -> int:
        return len(self._ordered)

    def __iter__(self) -> Iterator[NodeState]:
        return iter(self._ordered)

    def from_index(self, start: int) -> Iterator[NodeState]:
        """All nodes, beginning with the one at `start`, so that not always the same ones are looked at first."""
        yield from self._ordered[start:]
        yield from self._ordered[:start]

    def set_node(self, node: Node) -> None:
        """Add a node, or take over its changes."""
        name = node.metadata.name
        if (state := self._nodes.get(name)) is None:
            state = self._nodes[name] = NodeState(node)
            self._ordered.append(state)
            for info in self._homeless.pop(name, {}).values():
                state.add(info)
        state.set_node(node)

    def remove_node(self, name: str) -> None:
        """Forget a node; what is on it is remembered, should it come back."""
        if (state := self._nodes.pop(name, None)) is not None:
            self._ordered.remove(state)
            self._homeless[name] = state.pods

    def place(self, info: PodInfo, node: str) -> None:
        """Count a pod in on a node, because it is bound there or soon will be. A pod counts once."""
        self.remove(info.uid)
        self.withdraw(info.uid)
        self._places[info.uid] = node
        if info.repels:
            self._repelling[info.uid] = info
        if (state := self._nodes.get(node)) is not None:
            state.add(info)
        else:
            self._homeless.setdefault(node, {})[info.uid] = info

    def promise(self, info: PodInfo, node: str) -> None:
        """Keep what becomes free on a node for this pod, until it is placed or gone."""
        self.withdraw(info.uid)
        if (state := self._nodes.get(node)) is not None:
            state.promised[info.uid] = info
            self._promises[info.uid] = node

    def withdraw(self, uid: str) -> None:
        """Keep nothing for a pod any more."""
        if (state := self._nodes.get(self._promises.pop(uid, ""))) is not None:
            state.promised.pop(uid, None)

    def node(self, name: str) -> NodeState | None:
        """The node of that name."""
        return self._nodes.get(name)

    def remove(self, uid: str) -> None:
        """Count a pod out, wherever it is."""
        if (node := self._places.pop(uid, None)) is None:
            return
        self._repelling.pop(uid, None)
        if (state := self._nodes.get(node)) is not None:
            state.remove(uid)
        else:
            self._homeless.get(node, {}).pop(uid, None)

    def repelling(self) -> Iterator[tuple[NodeState, PodInfo]]:
        """The pods that do not suffer certain others near them, with their nodes."""
        for uid, info in self._repelling.items():
            if (node := self._nodes.get(self._places[uid])) is not None:
                yield node, info

    def is_placed(self, uid: str) -> bool:
        """Whether a pod counts on some node."""
        return uid in self._places
