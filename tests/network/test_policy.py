"""What NetworkPolicies come to for each pod: every form of a rule, and their union."""

from typing import Any

import pytest

from podvisor.network import policy
from podvisor.network.policy import Block, Changes, Pod, Policy, Rule, Rules, Table, table

WEB = Pod("web", "shop", {"app": "web"}, (("http", "TCP", 8080),))
API = Pod("api", "shop", {"app": "api"}, (("http", "TCP", 9090), ("http-udp", "UDP", 9090)))
SPY = Pod("spy", "evil", {"app": "web"}, (("http", "TCP", 7070),))
LOG = Pod("log", "tools", {"app": "log"})
PODS = (WEB, API, SPY, LOG)
NAMESPACES = {
    "shop": {"kubernetes.io/metadata.name": "shop", "team": "a"},
    "tools": {"kubernetes.io/metadata.name": "tools", "team": "a"},
    "evil": {"kubernetes.io/metadata.name": "evil"},
}

Json = dict[str, Any]


def ingress(*rules: Json, pods: Json | None = None) -> Policy:
    """A policy of the namespace shop, for all of its pods unless `pods` selects some."""
    return Policy("shop", {"podSelector": pods or {}, "policyTypes": ["Ingress"], "ingress": list(rules)})


def egress(*rules: Json, pods: Json | None = None) -> Policy:
    return Policy("shop", {"podSelector": pods or {}, "policyTypes": ["Egress"], "egress": list(rules)})


def labels(**wanted: str) -> Json:
    return {"matchLabels": wanted}


def reached(found: Table, to: str, port: tuple[str, int] = ("TCP", 80)) -> set[str]:
    """The pods that may connect to a pod: what the switch's check comes to, for rules without blocks."""
    rules = found.rules.get(to, policy.OPEN).ingress
    return {pod.uid for pod in PODS if rules is None or any(fits(found, rule, pod.uid, port) for rule in rules)}


def reaches(found: Table, of: str, port: tuple[str, int] = ("TCP", 80)) -> set[str]:
    """The pods that a pod may connect to."""
    rules = found.rules.get(of, policy.OPEN).egress
    return {pod.uid for pod in PODS if rules is None or any(fits(found, rule, pod.uid, port) for rule in rules)}


def fits(found: Table, rule: Rule, uid: str, port: tuple[str, int]) -> bool:
    protocol, number = port
    opened = rule.ports is None or any(kind == protocol and low <= number <= high for kind, low, high in rule.ports)
    return opened and (rule.anyone or any(uid in found.groups[group] for group in rule.groups))


EVERYBODY = {"web", "api", "spy", "log"}


def test_pods_that_no_policy_selects_are_open():
    found = table([ingress(pods=labels(app="api"))], PODS, NAMESPACES)
    assert dict(found.rules) == {"api": Rules(ingress=())}
    assert reached(found, "web") == reached(found, "spy") == EVERYBODY


def test_a_policy_without_rules_isolates_in_its_direction_only():
    found = table([ingress()], PODS, NAMESPACES)
    assert (reached(found, "web"), reaches(found, "web")) == (set(), EVERYBODY)
    found = table([egress()], PODS, NAMESPACES)
    assert (reached(found, "web"), reaches(found, "web")) == (EVERYBODY, set())


def test_an_empty_rule_opens_everything_and_policies_add_up():
    deny, some = ingress(), ingress({"from": [{"podSelector": labels(app="web")}]})
    assert reached(table([deny, some], PODS, NAMESPACES), "api") == {"web"}
    assert reached(table([deny, some, ingress({})], PODS, NAMESPACES), "api") == EVERYBODY


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ({"podSelector": {}}, {"web", "api"}),
        ({"podSelector": labels(app="web")}, {"web"}),
        ({"namespaceSelector": {}}, EVERYBODY),
        ({"namespaceSelector": labels(team="a")}, {"web", "api", "log"}),
        ({"namespaceSelector": labels(**{"kubernetes.io/metadata.name": "evil"})}, {"spy"}),
        ({"namespaceSelector": {}, "podSelector": labels(app="web")}, {"web", "spy"}),
        ({"namespaceSelector": labels(team="a"), "podSelector": labels(app="log")}, {"log"}),
        ({"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}}, {"api"}),
    ],
)
def test_peers_are_pods_of_the_policys_namespace_or_of_those_that_are_selected(peer: Json, expected: set[str]):
    assert reached(table([ingress({"from": [peer]})], PODS, NAMESPACES), "api") == expected
    assert reaches(table([egress({"to": [peer]})], PODS, NAMESPACES), "api") == expected


def test_two_peers_are_either_and_two_selectors_of_one_are_both():
    both = {"namespaceSelector": labels(team="a"), "podSelector": labels(app="log")}
    either = [{"namespaceSelector": labels(team="a")}, {"podSelector": labels(app="log")}]
    assert reached(table([ingress({"from": [both]})], PODS, NAMESPACES), "web") == {"log"}
    assert reached(table([ingress({"from": either})], PODS, NAMESPACES), "web") == {"web", "api", "log"}


def test_a_namespace_that_nobody_knows_yet_is_selected_by_no_label():
    found = table([ingress({"from": [{"namespaceSelector": labels(team="a")}]})], PODS, {})
    assert reached(found, "web") == set()


def test_blocks_are_told_as_they_are():
    block = {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}
    found = table([ingress({"from": [{"ipBlock": block}]}, pods=labels(app="api"))], PODS, NAMESPACES)
    assert found.rules["api"].ingress == (Rule(blocks=(Block("10.0.0.0/8", ("10.1.0.0/16",)),)),)


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"protocol": "TCP", "port": 80}, ("TCP", 80, 80)),
        ({"protocol": "TCP", "port": 80, "endPort": 90}, ("TCP", 80, 90)),
        ({"protocol": "UDP", "port": 53}, ("UDP", 53, 53)),
        ({"protocol": "TCP"}, ("TCP", 1, 65535)),
        ({"port": 80}, ("TCP", 80, 80)),
        ({"protocol": "TCP", "port": "http"}, ("TCP", 9090, 9090)),
        ({"protocol": "UDP", "port": "http-udp"}, ("UDP", 9090, 9090)),
    ],
)
def test_a_port_is_a_number_a_range_all_or_the_servers_own_name_for_it(port: Json, expected: tuple[str, int, int]):
    found = table([ingress({"ports": [port]}, pods=labels(app="api"))], PODS, NAMESPACES)
    assert found.rules["api"].ingress == (Rule(anyone=True, ports=(expected,)),)


@pytest.mark.parametrize("name", ["other", "http-udp"])
def test_a_name_that_the_server_does_not_have_for_that_protocol_opens_nothing(name: str):
    found = table([ingress({"ports": [{"protocol": "TCP", "port": name}]}, pods=labels(app="api"))], PODS, NAMESPACES)
    assert found.rules["api"].ingress == ()


def test_a_name_of_egress_is_another_number_for_each_peer():
    rule = {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "TCP", "port": "http"}]}
    found = table([egress(rule, pods=labels(app="api"))], PODS, NAMESPACES)
    assert reaches(found, "api", ("TCP", 8080)) == {"web"}
    assert reaches(found, "api", ("TCP", 7070)) == {"spy"}
    assert reaches(found, "api", ("TCP", 9090)) == {"api"}
    everywhere = table([egress({"ports": rule["ports"]}, pods=labels(app="api"))], PODS, NAMESPACES)
    assert everywhere.rules == found.rules


def test_a_pod_that_comes_changes_groups_and_no_rule():
    policies = [ingress({"from": [{"podSelector": labels(app="web")}]}, pods=labels(app="api"))]
    before = table(policies, (API,), NAMESPACES)
    now = table(policies, (API, WEB, LOG), NAMESPACES)
    told = policy.changes(before, now)
    assert told == Changes({}, {"pods [app=web] of namespace shop": frozenset({"web"})}, [], [])
    assert not policy.changes(now, now)


def test_what_is_gone_is_told():
    before = table([ingress({"from": [{"podSelector": {}}]})], PODS, NAMESPACES)
    now = table([], PODS, NAMESPACES)
    assert policy.changes(before, now) == Changes({}, {}, ["web", "api"], ["pods [] of namespace shop"])
