"""Endpoints."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, formats, names, rules


def _default(item: Json) -> None:
    for subset in item.get("subsets", ()):
        for port in subset.get("ports", ()):
            port.setdefault("protocol", "TCP")


def _row(item: Json, now: datetime) -> Cells:
    found: list[str] = []
    for subset in item.get("subsets", ()):
        ports: Sequence[Json] = subset.get("ports", ()) or ({},)
        for port in ports:
            number = f":{port['port']}" if port else ""
            found += [f"{one['ip']}{number}" for one in subset.get("addresses", ())]
    shown = ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
    return (item["metadata"]["name"], shown or "<none>", cells.age(item["metadata"], now))


def is_own(service: str | None, at: rules.At) -> bool:
    """True for the endpoints of the API itself: unlike the real server, this one may listen on the loopback alone."""
    return (at.get("metadata", "namespace"), service) == ("default", "kubernetes")


def _is_ip(at: rules.At) -> Iterator[field.Error]:
    yield from (field.invalid(at.path, at.value or "", why) for why in formats.ip(at.value or ""))


def _is_reachable(at: rules.At) -> Iterator[field.Error]:
    allowed = is_own(at.inside("endpoints").get("metadata", "name"), at.inside("endpoints"))
    wrong = formats.endpoint_ip(at.value or "", loopback=allowed)
    yield from (field.invalid(at.path, at.value or "", why) for why in wrong)


def _has_addresses(at: rules.At) -> Iterator[field.Error]:
    if not at.listed("addresses") and not at.listed("notReadyAddresses"):
        yield field.required(at.path, "must specify `addresses` or `notReadyAddresses`")


def _named_among_others(at: rules.At) -> Iterator[field.Error]:
    """One port needs no name, several do."""
    if len(at.value) > 1:
        for port in at.items():
            if not port.get("name"):
                yield field.required(port.path.child("name"))


_ADDRESS = rules.each(
    rules.field("ip", rules.asks_nothing(_is_ip)),
    rules.field("hostname", rules.matches(names.dns_label)),
    rules.field("nodeName", rules.matches(names.dns_subdomain)),
    rules.field("ip", rules.asks_nothing(_is_reachable)),
)
RULES = (
    rules.scope(
        "endpoints",
        rules.field(
            "subsets",
            rules.each(
                _has_addresses,
                rules.field("addresses", _ADDRESS),
                rules.field("notReadyAddresses", _ADDRESS),
                rules.field(
                    "ports",
                    _named_among_others,
                    rules.each(
                        rules.field("name", rules.matches(names.dns_label)),
                        rules.field("port", rules.port(), otherwise=0),
                        rules.field("protocol", rules.one_of("SCTP", "TCP", "UDP")),
                        rules.field("appProtocol", rules.matches(names.qualified)),
                    ),
                ),
            ),
        ),
    ),
)
RECORD = Resource(
    "",
    "v1",
    "endpoints",
    "Endpoints",
    short_names=("ep",),
    columns=(NAME, Column("Endpoints"), AGE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
)
