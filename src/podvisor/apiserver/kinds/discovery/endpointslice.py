"""EndpointSlice (https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.core import endpoints
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, formats, names, rules

_FAMILIES = ("FQDN", "IPv4", "IPv6")
_MOST_ENDPOINTS, _MOST_PORTS, _MOST_ADDRESSES = 1000, 20000, 100
_MOST_HINTS = 8
_SHOWN = 3


def _default(item: Json) -> None:
    for port in item.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _address(at: rules.At) -> Iterator[field.Error]:
    """An address of the slice's family; the path of one of another family is that of the list."""
    family, value = at.inside("slice").get("addressType"), at.value or ""
    service = at.inside("slice").get("metadata", "labels", "kubernetes.io/service-name")
    own = endpoints.is_own(service, at.inside("slice"))
    assert at.up is not None
    if family in ("IPv4", "IPv6"):
        if wrong := [*formats.ip(value)]:
            yield from (field.invalid(at.path, value, why) for why in wrong)
            return
        found = formats.address(value)
        if found is not None and f"IPv{found.version}" != family:
            yield field.invalid(at.up.path, value, f"must be an {family} address")
        yield from (field.invalid(at.path, value, why) for why in formats.endpoint_ip(value, loopback=own))
    elif family == "FQDN":
        yield from names.fully_qualified(value, at.path)


def _own_names(at: rules.At) -> Iterator[field.Error]:
    """No two ports have the same name; one may have none."""
    seen: list[str] = []
    for port in at.items():
        if (name := port.get("name") or "") in seen:
            yield field.duplicate(port.path.child("name"), name)
        seen.append(name)


def _hints(most: int, form: rules.Rule) -> tuple[rules.Rule, ...]:
    return rules.max_items(most), rules.each(rules.field("name", form)), rules.unique_by("name")


def _label_value(at: rules.At) -> Iterator[field.Error]:
    yield from names.label_value(at.value or "", at.path)


_ENDPOINT = (
    rules.field(
        "addresses",
        rules.required("must contain at least 1 address"),
        rules.max_items(_MOST_ADDRESSES),
        rules.each(_address),
    ),
    rules.field("nodeName", rules.matches(names.dns_subdomain)),
    rules.field("hostname", rules.matches(names.dns_label)),
    rules.field(
        "hints",
        rules.field("forZones", *_hints(_MOST_HINTS, _label_value)),
        rules.field("forNodes", *_hints(_MOST_HINTS, rules.matches(names.dns_subdomain))),
    ),
)
_PORT = (
    rules.field("name", rules.matches(names.dns_label)),
    rules.field("protocol", rules.required(), rules.one_of("SCTP", "TCP", "UDP")),
    rules.field("appProtocol", rules.matches(names.qualified)),
)
RULES = (
    rules.scope(
        "slice",
        rules.field("addressType", rules.required(), rules.one_of(*_FAMILIES)),
        rules.field("ports", rules.first(rules.max_items(_MOST_PORTS), rules.each(*_PORT)), _own_names),
        rules.when(
            lambda at: not at.updating or at.get("endpoints") != at.old.get("endpoints"),
            rules.field("endpoints", rules.first(rules.max_items(_MOST_ENDPOINTS), rules.each(*_ENDPOINT))),
        ),
    ),
    rules.field("addressType", rules.immutable()),
)


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
    hooks=Hooks(default=_default),
    rules=RULES,
    counts_generations=True,
)
