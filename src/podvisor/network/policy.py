"""Who may connect to whom: NetworkPolicies as flat rules for each pod.

https://kubernetes.io/docs/concepts/services-networking/network-policies/ . Policies add up, and a pod that none selects
for a direction is open in that direction. A rule names pods by groups, so that a pod that comes or goes changes the
groups that it belongs to and no rule; and it names them by their uid, so that an address that is given again opens
nothing to the pod that has it now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from podvisor.types import selectors

Json = Mapping[str, Any]

_EVERY_PORT = (1, 65535)
_EVERY_POD: Json = {"namespaceSelector": {}}


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, as far as policies are concerned."""

    uid: str
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    ports: tuple[tuple[str, str, int], ...] = ()
    """Name, protocol and number of what its containers serve."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A NetworkPolicy: its namespace and its spec, as the API server keeps it."""

    namespace: str
    spec: Json


@dataclass(frozen=True, slots=True)
class Block:
    """An `ipBlock`."""

    cidr: str
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """Connections that are allowed: with any of these, at any of these ports."""

    anyone: bool = False
    groups: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    ports: tuple[tuple[str, int, int], ...] | None = None
    """Protocol, first and last port; None for every port of every protocol."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a pod may do. None where no policy isolates it in that direction."""

    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None


OPEN = Rules()


@dataclass(frozen=True, slots=True)
class Table:
    """All that a switch knows of policies."""

    rules: Mapping[str, Rules] = field(default_factory=dict[str, Rules])
    """By the pod's uid; a pod that is not there is open."""
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Uids by the group's name, which is the text of what selects them."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What to tell a switch that knows one table so that it knows another."""

    rules: Mapping[str, Rules]
    groups: Mapping[str, frozenset[str]]
    gone: Sequence[str]
    """Pods that are open from now on."""
    gone_groups: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.rules or self.groups or self.gone or self.gone_groups)


def table(policies: Iterable[Policy], pods: Sequence[Pod], namespaces: Mapping[str, Mapping[str, str]]) -> Table:
    """The rules of every pod that a policy isolates. `namespaces` are their labels, by name."""
    decision = _Decision(pods, namespaces)
    for policy in policies:
        decision.add(policy)
    rules = {
        uid: Rules(*(_tuple(decision.open.get((uid, direction))) for direction in ("Ingress", "Egress")))
        for uid in dict.fromkeys(uid for uid, _ in decision.open)
    }
    return Table(rules, decision.groups)


def changes(before: Table, now: Table) -> Changes:
    """What leads from one table to another."""
    return Changes(
        {uid: rules for uid, rules in now.rules.items() if before.rules.get(uid) != rules},
        {name: group for name, group in now.groups.items() if before.groups.get(name) != group},
        [uid for uid in before.rules if uid not in now.rules],
        [name for name in before.groups if name not in now.groups],
    )


def _tuple(rules: list[Rule] | None) -> tuple[Rule, ...] | None:
    return None if rules is None else tuple(dict.fromkeys(rules))


class _Decision:
    """Collects what the policies say, one after the other."""

    def __init__(self, pods: Sequence[Pod], namespaces: Mapping[str, Mapping[str, str]]) -> None:
        self._pods = pods
        self._namespaces = namespaces
        self.open: dict[tuple[str, str], list[Rule]] = {}
        self.groups: dict[str, frozenset[str]] = {}

    def add(self, policy: Policy) -> None:
        """One more policy. Those of a kind that nobody knows isolate nobody, as in every network plugin."""
        chosen = selectors.from_object(policy.spec.get("podSelector")) or selectors.EVERYTHING
        isolated = [pod for pod in self._pods if pod.namespace == policy.namespace and chosen.matches(pod.labels)]
        for direction, key, peers in (("Ingress", "ingress", "from"), ("Egress", "egress", "to")):
            if direction not in policy.spec.get("policyTypes", ()):
                continue
            for pod in isolated:
                rules = self.open.setdefault((pod.uid, direction), [])
                for item in policy.spec.get(key) or ():
                    rules += self._rules(policy.namespace, pod if direction == "Ingress" else None, item, peers)

    def _rules(self, namespace: str, server: Pod | None, item: Json, key: str) -> Iterator[Rule]:
        """What one rule of a policy comes to for one pod, which is the `server` where it is connected to.

        A port by its name is the server's own; where the pod connects, each of its peers may mean another number.
        """
        ports: Sequence[Json] | None = item.get("ports") or None
        peers: Sequence[Json] | None = item.get(key) or None
        named = [port for port in ports or () if isinstance(port.get("port"), str)]
        numbers = [_range(port) for port in ports or () if not isinstance(port.get("port"), str)]
        if server is not None:
            numbers += [(kind, number, number) for port in named for kind, number in _numbers(server, port)]
        if ports is None or numbers:
            fixed = tuple(numbers) if ports is not None else None
            groups = [self._group(namespace, peer) for peer in peers or () if not peer.get("ipBlock")]
            blocks = [_block(peer["ipBlock"]) for peer in peers or () if peer.get("ipBlock")]
            yield Rule(peers is None, tuple(groups), tuple(blocks), fixed)
        if server is None:
            for peer in peers if peers is not None else (_EVERY_POD,):
                if not peer.get("ipBlock"):
                    for port in named:
                        yield from self._named(namespace, peer, port)

    def _named(self, namespace: str, peer: Json, port: Json) -> Iterator[Rule]:
        """A port's name, for each number that pods of this peer have it for."""
        name, members = self._members(namespace, peer)
        numbers: dict[tuple[str, int], set[str]] = defaultdict(set)
        for pod in members:
            for found in _numbers(pod, port):
                numbers[found].add(pod.uid)
        for (protocol, number), uids in sorted(numbers.items()):
            group = f"{name} with {port['port']}={number}/{protocol}"
            self.groups[group] = frozenset(uids)
            yield Rule(groups=(group,), ports=((protocol, number, number),))

    def _group(self, namespace: str, peer: Json) -> str:
        name, members = self._members(namespace, peer)
        if name not in self.groups:
            self.groups[name] = frozenset(pod.uid for pod in members)
        return name

    def _members(self, namespace: str, peer: Json) -> tuple[str, Iterator[Pod]]:
        """The name of a peer's group, and who belongs to it. Without a namespaceSelector they are of `namespace`."""
        spaces = selectors.from_object(peer.get("namespaceSelector"))
        pods = selectors.from_object(peer.get("podSelector")) or selectors.EVERYTHING
        where = f"of namespace {namespace}" if spaces is None else f"of namespaces [{selectors.to_text(spaces)}]"
        known = self._namespaces

        def is_in(pod: Pod) -> bool:
            return pod.namespace == namespace if spaces is None else spaces.matches(known.get(pod.namespace, {}))

        found = (pod for pod in self._pods if is_in(pod) and pods.matches(pod.labels))
        return f"pods [{selectors.to_text(pods)}] {where}", found


def _range(port: Json) -> tuple[str, int, int]:
    first, last = _EVERY_PORT
    if (number := port.get("port")) is not None:
        first, last = number, port.get("endPort") or number
    return port.get("protocol") or "TCP", first, last


def _numbers(pod: Pod, port: Json) -> Iterator[tuple[str, int]]:
    """Protocol and number of the pod's port of that name."""
    wanted = port.get("protocol") or "TCP"
    found = (number for name, protocol, number in pod.ports if (name, protocol) == (port["port"], wanted))
    if (number := next(found, None)) is not None:
        yield wanted, number


def _block(given: Json) -> Block:
    return Block(given["cidr"], tuple(given.get("except") or ()))
