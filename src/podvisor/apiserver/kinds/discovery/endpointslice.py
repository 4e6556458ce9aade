"""EndpointSlice (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.podspec import containers as container_validation
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field
from podvisor.types.field import Path

_FAMILIES = ("FQDN", "IPv4", "IPv6")
_MOST_ENDPOINTS, _MOST_PORTS, _MOST_ADDRESSES = 1000, 20000, 100
_SHOWN = 3


def _default(item: Json) -> None:
    for port in item.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _validate(item: Json) -> Iterator[field.Error]:
    family, endpoints, ports = item.get("addressType", ""), item.get("endpoints", ()), item.get("ports", ())
    if not family:
        yield field.required("addressType")
    elif family not in _FAMILIES:
        yield field.unsupported("addressType", family, _FAMILIES)
    for name, found, most in (("endpoints", endpoints, _MOST_ENDPOINTS), ("ports", ports, _MOST_PORTS)):
        if len(found) > most:
            yield field.too_many(name, len(found), most)
    for index, one in enumerate(endpoints):
        here = Path("endpoints").at(index).child("addresses")
        if not one.get("addresses"):
            yield field.required(here, "must contain at least 1 address")
        elif len(one["addresses"]) > _MOST_ADDRESSES:
            yield field.too_many(here, len(one["addresses"]), _MOST_ADDRESSES)
    for index, port in enumerate(ports):
        if "port" in port:
            yield from container_validation.port_number(port["port"], Path("ports").at(index).child("port"))


def _validate_update(new: Json, old: Json) -> Iterator[field.Error]:
    if new.get("addressType") != old["addressType"]:
        yield field.invalid("addressType", new.get("addressType"), "field is immutable")


def _row(item: Json, now: datetime) -> Cells:
    metadata = item["metadata"]
    ports = [str(port.get("port", "*")) for port in item.get("ports", ())]
    addresses = [address for one in item.get("endpoints", ()) for address in one["addresses"]]
    return (metadata["name"], item["addressType"], _few(ports), _few(addresses), cells.age(metadata, now))


def _few(found: list[str]) -> str:
    if not found:
        return "<unset>"
    more = f" + {len(found) - _SHOWN} more..." if len(found) > _SHOWN else ""
    return ",".join(found[:_SHOWN]) + more


RECORD = Resource(
    "discovery.k8s.io",
    "v1",
    "endpointslices",
    "EndpointSlice",
    columns=(NAME, Column("AddressType"), Column("Ports"), Column("Endpoints"), AGE),
    row=_row,
    hooks=Hooks(default=_default, validate=_validate, validate_update=_validate_update),
    counts_generations=True,
)
