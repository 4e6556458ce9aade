"""Service and Endpoints."""

import ipaddress
from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.podspec import containers as container_validation
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names
from podvisor.types.field import Path

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_PORTS = Path("spec.ports")


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("sessionAffinity", "None")
    spec["type"] = spec.get("type") or "ClusterIP"
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")


def _create(item: Json) -> None:
    item["status"] = {"loadBalancer": {}}


def _validate(item: Json) -> Iterator[field.Error]:
    spec = item["spec"]
    if spec["type"] not in _TYPES:
        yield field.unsupported("spec.type", spec["type"], _TYPES)
    if spec["sessionAffinity"] not in ("ClientIP", "None"):
        yield field.unsupported("spec.sessionAffinity", spec["sessionAffinity"], ("ClientIP", "None"))
    headless = spec.get("clusterIP") == "None"
    if spec["type"] == "ExternalName":
        if not spec.get("externalName"):
            yield field.required("spec.externalName")
    elif not spec.get("ports") and not headless:
        yield field.required(_PORTS)
    if headless and spec["type"] in ("NodePort", "LoadBalancer"):
        detail = (
            "may not be set to 'None' for LoadBalancer services"
            if spec["type"] == "LoadBalancer"
            else "may not be set to 'None' for NodePort services"
        )
        yield field.invalid("spec.clusterIPs[0]", "None", detail)
    yield from names.labels(spec.get("selector", {}), Path("spec.selector"))
    yield from _validate_address(spec.get("clusterIP", ""), headless=headless)
    yield from _validate_ports(spec)


def _validate_address(address: str, *, headless: bool) -> Iterator[field.Error]:
    if address and not headless:
        try:
            ipaddress.ip_address(address)
        except ValueError:
            detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            yield field.invalid("spec.clusterIPs[0]", address, detail)


def _validate_ports(spec: Json) -> Iterator[field.Error]:
    ports = spec.get("ports", ())
    seen_names: set[str] = set()
    seen_ports: set[tuple[str, int]] = set()
    for index, one in enumerate(ports):
        here = _PORTS.at(index)
        name = one.get("name", "")
        if not name and len(ports) > 1:
            yield field.required(here.child("name"))
        if name:
            yield from (field.invalid(here.child("name"), name, why) for why in names.dns_label(name))
            if name in seen_names:
                yield field.duplicate(here.child("name"), name)
            seen_names.add(name)
        yield from container_validation.port_number(one.get("port", 0), here.child("port"))
        if one["protocol"] not in _PROTOCOLS:
            yield field.unsupported(here.child("protocol"), one["protocol"], _PROTOCOLS)
        if isinstance(one["targetPort"], int):
            yield from container_validation.port_number(one["targetPort"], here.child("targetPort"))
        else:
            target = one["targetPort"]
            yield from (field.invalid(here.child("targetPort"), target, why) for why in names.port_name(target))
        if one.get("nodePort") and spec["type"] not in ("NodePort", "LoadBalancer"):
            detail = "may not be used when `type` is 'ClusterIP'"
            yield field.forbidden(here.child("nodePort"), detail)
        if (key := (one["protocol"], one.get("port", 0))) in seen_ports:
            yield field.duplicate(here, {"port": key[1], "protocol": key[0]})
        seen_ports.add(key)


def _validate_update(new: Json, old: Json) -> Iterator[field.Error]:
    before, after = old["spec"], new["spec"]
    if "ExternalName" in (before["type"], after["type"]) or not before.get("clusterIP"):
        return
    if after.get("clusterIP") != before["clusterIP"]:
        yield field.invalid("spec.clusterIPs[0]", [after.get("clusterIP")], "may not change once set")


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
    hooks=Hooks(default=_default, create=_create, validate=_validate, validate_update=_validate_update),
    fields={"spec.clusterIP": objects.text("spec", "clusterIP"), "spec.type": objects.text("spec", "type")},
    has_status=True,
    name_rule=names.dns_1035_label,
    shares_pool=True,
)
