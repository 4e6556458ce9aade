"""What a switch is asked, as fields of requests: docs/network.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podvisor.network import policy
from podvisor.network.egress import Bounds
from podvisor.network.listeners import Lead, Listener
from podvisor.network.services import Backends, Port
from podvisor.sandbox import binary

Json = dict[str, Any]


def words(host: str | None, bounds: Bounds) -> list[str]:
    """The command line that starts a switch."""
    found = ["switch", "--control-fd", str(binary.CONTROL_FD), *(["--host", host] if host else [])]
    if bounds.allow:
        found += ["--egress", ",".join(bounds.allow), "--egress-deny", ",".join(bounds.deny)]
    return found


def pod(name: str, addresses: Sequence[str]) -> Json:
    """The fields of `pod`."""
    return {"pod": name, "addresses": list(addresses)}


def services(fresh: Mapping[Port, Backends], gone: Iterable[Port]) -> Json:
    """The fields of `services`."""
    entries = [
        {"at": _port(port), "endpoints": one.endpoints, "host": one.host, "affinity": one.affinity}
        for port, one in fresh.items()
    ]
    return {"set": entries, "remove": [_port(port) for port in gone]}


def policies(changes: policy.Changes) -> Json:
    """The fields of `policies`."""
    rules = [
        {"pod": uid, "ingress": _rules(one.ingress), "egress": _rules(one.egress)} for uid, one in changes.rules.items()
    ]
    groups = [{"group": name, "pods": sorted(uids)} for name, uids in changes.groups.items()]
    return {"rules": rules, "groups": groups, "open": changes.gone, "gone": changes.gone_groups}


def listen(listener: Listener, lead: Lead, node: str) -> Json:
    """The fields of `listen`."""
    shown = {"node": node, "local": lead.local, "sources": lead.sources}
    return {"listener": str(listener), "to": _port(lead.to), **shown}


def _rules(rules: Sequence[policy.Rule] | None) -> list[Json] | None:
    return None if rules is None else [_rule(rule) for rule in rules]


def _rule(rule: policy.Rule) -> Json:
    # There is no SCTP between pods; a list that has nothing else opens nothing.
    ports = None if rule.ports is None else [port for port in rule.ports if port[0] != "SCTP"]
    blocks = [{"cidr": block.cidr, "except": block.exceptions} for block in rule.blocks]
    return {"anyone": rule.anyone, "groups": rule.groups, "blocks": blocks, "ports": ports}


def _port(port: Port) -> Json:
    return {"protocol": port.protocol, "address": port.address, "port": port.port}
