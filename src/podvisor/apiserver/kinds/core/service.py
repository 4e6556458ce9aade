"""Service (https://kubernetes.io/docs/concepts/services-networking/service/)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Subresource
from podvisor.types import field, formats, names, rules
from podvisor.types.field import Error


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    spec["type"] = spec.get("type") or "ClusterIP"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in ("NodePort", "LoadBalancer") or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")


def _create(item: Json) -> None:
    item["status"] = {"loadBalancer": {}}


def _is_headless(at: rules.At) -> bool:
    return at.get("clusterIP") == "None" or at.listed("clusterIPs") == ["None"]


def _type(*kinds: str) -> rules.Condition:
    return rules.equals("type", *kinds)


def _has_ports(at: rules.At) -> Iterator[Error]:
    if not at.listed("ports") and not _is_headless(at) and at.get("type") != "ExternalName":
        yield field.required(at.path.child("ports"))


def _has_address(at: rules.At) -> Iterator[Error]:
    """Only a Service of type ClusterIP can be headless."""
    if _is_headless(at) and at.get("type") in ("LoadBalancer", "NodePort"):
        detail = f"may not be set to 'None' for {at.get('type')} services"
        yield field.invalid(at.path.child("clusterIPs").at(0), "None", detail)


def _external_name(at: rules.At) -> Iterator[Error]:
    name = (at.value or "").removesuffix(".")
    if not name:
        yield field.required(at.path)
    else:
        yield from (field.invalid(at.path, name, why) for why in names.dns_subdomain(name))


_NOT_EXTERNAL = rules.forbidden("may not be set for ExternalName services")
_EXTERNAL_NAME = rules.when(
    _type("ExternalName"),
    rules.when(lambda at: bool(at.get("clusterIPs")), rules.field("clusterIPs", _NOT_EXTERNAL)),
    rules.when(lambda at: bool(at.get("ipFamilies")), rules.field("ipFamilies", _NOT_EXTERNAL)),
    rules.field("ipFamilyPolicy", _NOT_EXTERNAL),
    rules.field("externalName", rules.asks_nothing(_external_name)),
)


def _named_among_others(at: rules.At) -> Iterator[Error]:
    """One port needs no name, several do."""
    if len(at.value) > 1:
        for port in at.items():
            if not port.get("name"):
                yield field.required(port.path.child("name"))


def _distinct(at: rules.At) -> Iterator[Error]:
    """No two ports are the same, inside or on the nodes."""
    seen: set[tuple[str, Any, Any]] = set()
    for name in ("nodePort", "port"):
        for port in at.items():
            key = (name, port.get("protocol"), port.get(name) or 0)
            if name == "nodePort" and not key[2]:
                continue
            if key in seen:
                path = port.path.child("nodePort") if name == "nodePort" else port.path
                shown = key[2] if name == "nodePort" else {"port": key[2], "protocol": key[1]}
                yield field.duplicate(path, shown)
            seen.add(key)


_EACH_PORT = (
    rules.field("name", rules.matches(names.dns_label)),
    rules.field("port", rules.port(), otherwise=0),
    rules.field("protocol", rules.one_of("SCTP", "TCP", "UDP")),
    rules.field("targetPort", rules.port_or_name()),
    rules.field("appProtocol", rules.matches(names.qualified)),
)


def _addresses(at: rules.At) -> Iterator[Error]:
    """The two names of the cluster's address agree."""
    first, every = at.get("clusterIP") or "", at.listed("clusterIPs")
    path = at.path.child("clusterIPs")
    if first and not every:
        yield field.required(path)
    elif first and every[0] != first:
        yield field.invalid(path, every, "first value must match `clusterIP`")
    elif every and not first:
        yield field.invalid(path, every, "must be empty when `clusterIP` is not specified")
    if every[:1] == ["None"] and len(every) > 1:
        yield field.invalid(path, every, "'None' must be the first and only value")
    for index, value in enumerate(every):
        if index or value != "None":
            yield from (field.invalid(path.at(index), value, why) for why in formats.ip(value))
    if len(every) > 2:
        yield field.invalid(path, every, "may only hold up to 2 values")
    yield from _families(at, [address for value in every if (address := formats.address(value))])


def _families(at: rules.At, found: Sequence[formats.Address]) -> Iterator[Error]:
    path, every = at.path.child("clusterIPs"), at.listed("clusterIPs")
    if len(found) < len(every):
        return
    if len(every) > 1 and len({address.version for address in found}) < 2:
        yield field.invalid(path, every, "may specify no more than one IP for each IP family")
    for index, (address, family) in enumerate(zip(found, at.listed("ipFamilies"), strict=False)):
        if family in ("IPv4", "IPv6") and f"IPv{address.version}" != family:
            detail = f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            yield field.invalid(path.at(index), every[index], detail)


_IP_FAMILIES = rules.when(
    rules.negated(_type("ExternalName")),
    rules.field("ipFamilies", rules.each(rules.one_of("IPv4", "IPv6")), rules.unique()),
    rules.field("ipFamilyPolicy", rules.one_of("PreferDualStack", "RequireDualStack", "SingleStack")),
    _addresses,
)


def _external_ip(at: rules.At) -> Iterator[Error]:
    """An address that is the nodes' own, or no machine's, would take their traffic away."""
    wrong = [*formats.ip(at.value)] or [*formats.endpoint_ip(at.value)]
    yield from (field.invalid(at.path, at.value, why) for why in wrong)


def _source_ranges(at: rules.At) -> Iterator[Error]:
    yield from (field.invalid(at.path, at.value.strip(), why) for why in formats.cidr(at.value.strip()))


_ONLY_BALANCED = rules.forbidden("may only be used when `type` is 'LoadBalancer'")
_NOT_BALANCED = rules.negated(_type("LoadBalancer"))


def _reached_from_outside(at: rules.At) -> bool:
    inside = at.get("type") == "ClusterIP" and at.listed("externalIPs")
    return at.get("type") in ("LoadBalancer", "NodePort") or bool(inside)


_EXTERNAL_TRAFFIC = (
    rules.when(
        rules.negated(_reached_from_outside),
        rules.field("externalTrafficPolicy", rules.invalid("may only be set for externally-accessible services")),
    ),
    rules.when(
        _reached_from_outside,
        rules.field("externalTrafficPolicy", rules.required(), rules.one_of("Cluster", "Local")),
    ),
    rules.when(
        lambda at: at.get("type") != "LoadBalancer" or at.get("externalTrafficPolicy") != "Local",
        rules.when(
            lambda at: bool(at.get("healthCheckNodePort")),
            rules.field(
                "healthCheckNodePort",
                rules.invalid("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"),
            ),
        ),
    ),
)
_CLASS = rules.when(
    _NOT_BALANCED, rules.field("loadBalancerClass", rules.forbidden("may only be used when `type` is 'LoadBalancer'"))
)


def _addresses_stay(at: rules.At) -> Iterator[Error]:
    """What clients know the Service by."""
    if not at.updating or "ExternalName" in (at.get("type"), at.old.get("type")):
        return
    before, after = at.old.get("clusterIPs", []), at.listed("clusterIPs")
    if before and not after:
        yield field.invalid(at.path.child("clusterIPs").at(0), after, "primary clusterIP can not be unset")
    for index, (old, new) in enumerate(zip(before, after, strict=False)):
        if old != new:
            yield field.invalid(at.path.child("clusterIPs").at(index), after, "may not change once set")
    if before[:1] == ["None"] or after[:1] == ["None"]:
        return
    families, wanted = at.old.get("ipFamilies", []), at.listed("ipFamilies")
    if families and wanted and families[0] != wanted[0]:
        yield field.invalid(at.path.child("ipFamilies").at(0), wanted, "may not change once set")


RULES = (
    rules.field(
        "spec",
        _addresses_stay,
        _has_ports,
        _has_address,
        _EXTERNAL_NAME,
        rules.field("ports", _named_among_others, rules.each(*_EACH_PORT), rules.unique_by("name")),
        rules.field("selector", rules.labels()),
        rules.field("sessionAffinity", rules.required(), rules.one_of("ClientIP", "None")),
        rules.when(
            rules.equals("sessionAffinity", "ClientIP"),
            rules.field(
                "sessionAffinityConfig",
                rules.field(
                    "clientIP",
                    rules.field(
                        "timeoutSeconds",
                        rules.in_range(1, 86400, "must be greater than 0 and less than 86400"),
                    ),
                ),
            ),
        ),
        rules.when(
            rules.equals("sessionAffinity", "None"),
            rules.field("sessionAffinityConfig", rules.forbidden("must not be set when session affinity is None")),
        ),
        _IP_FAMILIES,
        rules.field("externalIPs", rules.each(_external_ip)),
        rules.field("type", rules.required(), rules.one_of("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")),
        rules.when(
            _type("ClusterIP"),
            rules.field(
                "ports",
                rules.each(
                    rules.when(
                        lambda at: bool(at.get("nodePort")),
                        rules.field("nodePort", rules.forbidden("may not be used when `type` is 'ClusterIP'")),
                    )
                ),
            ),
        ),
        rules.field("ports", _distinct),
        rules.when(
            lambda at: bool(at.get("loadBalancerSourceRanges")),
            rules.when(
                _NOT_BALANCED, rules.field("loadBalancerSourceRanges", _ONLY_BALANCED, shown="LoadBalancerSourceRanges")
            ),
            rules.field("loadBalancerSourceRanges", rules.each(_source_ranges), shown="LoadBalancerSourceRanges"),
        ),
        rules.when(_NOT_BALANCED, rules.field("allocateLoadBalancerNodePorts", _ONLY_BALANCED)),
        _CLASS,
        *_EXTERNAL_TRAFFIC,
        rules.field("internalTrafficPolicy", rules.one_of("Cluster", "Local")),
        rules.field("trafficDistribution", rules.one_of("PreferClose")),
    ),
)


STATUS_RULES = (
    rules.when(
        lambda at: at.get("spec", "type") != "LoadBalancer" and bool(at.listed("status", "loadBalancer", "ingress")),
        rules.field(
            "status",
            rules.field(
                "loadBalancer",
                rules.field("ingress", rules.forbidden("may only be used when `spec.type` is 'LoadBalancer'")),
            ),
        ),
    ),
    rules.when(
        lambda at: at.get("spec", "type") == "LoadBalancer",
        rules.field(
            "status",
            rules.field(
                "loadBalancer",
                rules.field(
                    "ingress",
                    rules.each(
                        rules.field("ip", rules.matches(formats.ip)),
                        rules.field("ipMode", rules.one_of("Proxy", "VIP")),
                        rules.field("hostname", rules.matches(names.dns_subdomain), rules.matches(formats.no_ip)),
                    ),
                ),
            ),
        ),
    ),
)


def _update(new: Json, old: Json) -> None:
    """Drop what the new type has no use for, unless the client has just set it.

    `kubectl patch` of the type alone works that way (Kubernetes `pkg/registry/core/service/strategy.go`).
    """
    before, after = old["spec"], new["spec"]
    on_nodes = ("LoadBalancer", "NodePort")
    if before["type"] in on_nodes and after["type"] not in on_nodes:
        if _node_ports(before) == _node_ports(after):
            for port in after.get("ports", ()):
                port.pop("nodePort", None)
        if after.get("externalTrafficPolicy") == before.get("externalTrafficPolicy"):
            after.pop("externalTrafficPolicy", None)
    if after["type"] == "ExternalName" != before["type"]:
        for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if after.get(name) == before.get(name):
                after.pop(name, None)
    if before["type"] == "LoadBalancer" != after["type"]:
        for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"):
            if after.get(name) == before.get(name):
                after.pop(name, None)


def _node_ports(spec: Json) -> list[int]:
    return sorted(port.get("nodePort", 0) for port in spec.get("ports", ()))


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    return (
        item["metadata"]["name"],
        spec["type"],
        spec.get("clusterIP") or "<none>",
        _external(item),
        ",".join(_port(one) for one in spec.get("ports", ())) or "<none>",
        cells.age(item["metadata"], now),
        cells.labels(spec.get("selector")),
    )


def _external(item: Json) -> str:
    spec = item["spec"]
    if spec["type"] == "ExternalName":
        return spec.get("externalName", "")
    given = list(spec.get("externalIPs", ()))
    if spec["type"] == "LoadBalancer":
        ingress = objects.dig(item, "status", "loadBalancer", "ingress") or ()
        given += [one.get("ip") or one.get("hostname", "") for one in ingress]
        return ",".join(given) or "<pending>"
    return cells.join(given)


def _port(port: Json) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port['protocol']}"


RECORD = Resource(
    "",
    "v1",
    "services",
    "Service",
    short_names=("svc",),
    categories=("all",),
    columns=(
        NAME,
        *(Column(name) for name in ("Type", "Cluster-IP", "External-IP", "Port(s)")),
        AGE,
        Column("Selector", wide=True),
    ),
    row=_row,
    hooks=Hooks(default=_default, create=_create, update=_update),
    rules=RULES,
    status_rules=STATUS_RULES,
    fields={"spec.clusterIP": objects.text("spec", "clusterIP"), "spec.type": objects.text("spec", "type")},
    has_status=True,
    subresources=(Subresource("proxy", ("create", "delete", "get", "patch", "update"), "ServiceProxyOptions"),),
    name_rule=names.dns_1035_label,
    shares_pool=True,
)
