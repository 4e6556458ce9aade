"""Lease (https://kubernetes.io/docs/concepts/architecture/leases/)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource
from podvisor.types import field, names, rules

_STRATEGIES = ("OldestEmulationVersion",)


def _row(item: Json, now: datetime) -> Cells:
    holder = item.get("spec", {}).get("holderIdentity", "")
    return (item["metadata"]["name"], holder, cells.age(item["metadata"], now))


def _strategy(at: rules.At) -> Iterator[field.Error]:
    """Kubernetes' own strategies have names without a prefix; the path of the error is upstream's."""
    path = at.path.child("strategy")
    if "/" in at.value:
        yield from (field.invalid(path, at.value, why) for why in names.qualified(at.value))
    elif at.value not in _STRATEGIES:
        yield field.unsupported(path, at.value, _STRATEGIES)


RULES = (
    rules.field(
        "spec",
        rules.field("leaseDurationSeconds", rules.more_than(0)),
        rules.field("leaseTransitions", rules.at_least(0)),
        rules.field("strategy", _strategy),
        rules.when(
            rules.absent("strategy"),
            rules.field("preferredHolder", rules.forbidden("may only be specified if `strategy` is defined")),
        ),
    ),
)
RECORD = Resource(
    "coordination.k8s.io",
    "v1",
    "leases",
    "Lease",
    columns=(NAME, Column("Holder", description="Who holds the lease."), AGE),
    row=_row,
    rules=RULES,
)
