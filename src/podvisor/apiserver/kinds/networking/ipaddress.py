"""IPAddress: one address of a Service that is taken (https://kubernetes.io/docs/reference/networking/virtual-ips/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, formats, names, rules


def _parent(at: rules.At) -> Iterator[field.Error]:
    if at.value is None:
        yield field.required(at.path)


RULES = (
    rules.field(
        "spec",
        rules.field("parentRef", rules.immutable()),
        rules.when_creating(
            rules.field("parentRef", rules.asks_nothing(_parent)),
            rules.optional(
                "parentRef",
                rules.field("group", rules.matches(names.dns_subdomain)),
                rules.field("resource", rules.required(), rules.matches(names.path_segment)),
                rules.field("name", rules.required(), rules.matches(names.path_segment)),
                rules.field("namespace", rules.matches(names.path_segment)),
            ),
        ),
        otherwise={},
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    parent = item["spec"]["parentRef"]
    group = f".{parent['group']}" if parent.get("group") else ""
    parts = (f"{parent['resource']}{group}".lower(), parent.get("namespace"), parent["name"])
    return (item["metadata"]["name"], "/".join(part for part in parts if part), cells.age(item["metadata"], now))


RECORD = Resource(
    "networking.k8s.io",
    "v1",
    "ipaddresses",
    "IPAddress",
    namespaced=False,
    short_names=("ip",),
    columns=(NAME, Column("ParentRef"), AGE),
    row=_row,
    rules=RULES,
    name_rule=formats.canonical_ip,
    counts_generations=True,
)
