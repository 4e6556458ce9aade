"""NetworkPolicy (https://kubernetes.io/docs/concepts/services-networking/network-policies/)."""

import ipaddress
from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, formats, names, rules, selectors


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    directions: list[Json] = [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]
    for direction in directions:
        for port in direction.get("ports") or ():
            port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _port(at: rules.At) -> Iterator[field.Error]:
    number, end = at.get("port"), at.get("endPort")
    if isinstance(number, int):
        here = rules.port()
        yield from here.check(at.child("port"))
        if end is not None:
            if end < number:
                yield field.invalid(at.path.child("endPort"), number, "must be greater than or equal to `port`")
            yield from here.check(at.child("endPort"))
        return
    if end is not None:
        why = "non-numeric" if number is not None else "not specified"
        yield field.invalid(at.path.child("endPort"), end, f"may not be specified when `port` is {why}")
    if number is not None:
        yield from (field.invalid(at.path.child("port"), number, why) for why in names.port_name(number))


def _peers(at: rules.At) -> Iterator[field.Error]:
    found = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if at.get(name) is not None]
    if not found:
        yield field.required(at.path, "must specify a peer")
    elif len(found) > 1 and "ipBlock" in found:
        yield field.forbidden(at.path, "may not specify both ipBlock and another peer")


def _block(at: rules.At) -> Iterator[field.Error]:
    whole = at.get("cidr")
    if not whole:
        yield field.required(at.path.child("cidr"))
        return
    yield from (field.invalid(at.path.child("cidr"), whole, why) for why in formats.cidr(whole))
    if (network := formats.network(whole)) is None:
        return
    for index, text in enumerate(at.listed("except")):
        path = at.path.child("except").at(index)
        yield from (field.invalid(path, text, why) for why in formats.cidr(text))
        inner = formats.network(text)
        if inner is not None and not _is_strictly_within(inner, network):
            yield field.invalid(path, text, "must be a strict subset of `cidr`")


def _is_strictly_within(
    inner: ipaddress.IPv4Network | ipaddress.IPv6Network, outer: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return inner.network_address in outer and inner.prefixlen > outer.prefixlen


_DIRECTIONS = ("Ingress", "Egress")


def _not_three_types(at: rules.At) -> Iterator[field.Error]:
    if len(at.value) > len(_DIRECTIONS):
        yield field.invalid(at.path, at.value, "may not specify more than two policyTypes")


_PORTS = rules.field("ports", rules.each(rules.field("protocol", rules.one_of("TCP", "UDP", "SCTP")), _port))
_PEERS = rules.each(
    rules.field("podSelector", rules.selector()),
    rules.field("namespaceSelector", rules.selector()),
    rules.field("ipBlock", _block),
    _peers,
)
RULES = (
    rules.field(
        "spec",
        rules.field("podSelector", rules.selector()),
        rules.field("ingress", rules.each(_PORTS, rules.field("from", _PEERS))),
        rules.field("egress", rules.each(_PORTS, rules.field("to", _PEERS))),
        rules.field("policyTypes", rules.first(_not_three_types, rules.each(rules.one_of(*_DIRECTIONS)))),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    selector = selectors.from_object(item["spec"].get("podSelector") or {})
    shown = selectors.to_text(selector) if selector else ""
    return (item["metadata"]["name"], shown or "<none>", cells.age(item["metadata"], now))


RECORD = Resource(
    "networking.k8s.io",
    "v1",
    "networkpolicies",
    "NetworkPolicy",
    short_names=("netpol",),
    columns=(NAME, Column("Pod-Selector"), AGE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    counts_generations=True,
)
