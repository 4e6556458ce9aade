"""ServiceCIDR: where the addresses of Services come from (https://kubernetes.io/docs/tasks/network/extend-service-ip-ranges/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, formats, rules
from podvisor.types.rules.changes import IMMUTABLE


def _cidrs(at: rules.At) -> Iterator[field.Error]:
    given, here = at.listed("cidrs"), at.path.child("cidrs")
    if not given:
        yield field.required(here, "at least one CIDR required")
        return
    if len(given) > 2:
        yield field.invalid(here, at.value, "may only hold up to 2 values")
        return
    for index, text in enumerate(given):
        yield from (field.invalid(here.at(index), text, why) for why in formats.canonical_cidr(text))
    families = [network.version for text in given if (network := formats.network(text))]
    if len(families) == 2 and families[0] == families[1]:
        detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        yield field.invalid(here, given, detail)


def _grows(at: rules.At) -> Iterator[field.Error]:
    """Only a second family may be added."""
    old: list[str] = at.old.get("cidrs") or []
    new, here = at.listed("cidrs"), at.path.child("cidrs")
    if len(new) != len(old) and (len(old), len(new)) != (1, 2):
        yield field.invalid(here, new, IMMUTABLE)
        return
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        if before != after:
            yield field.invalid(here.at(index), after, IMMUTABLE)
    if len(new) > len(old):
        yield from _cidrs(at)


RULES = (rules.field("spec", rules.when_creating(_cidrs), rules.when_updating(_grows), otherwise={}),)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], ",".join(item["spec"]["cidrs"]), cells.age(item["metadata"], now))


RECORD = Resource(
    "networking.k8s.io",
    "v1",
    "servicecidrs",
    "ServiceCIDR",
    namespaced=False,
    columns=(NAME, Column("CIDRs"), AGE),
    row=_row,
    rules=RULES,
    has_status=True,
    counts_generations=True,
)
