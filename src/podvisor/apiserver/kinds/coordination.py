"""Lease."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field


def _validate(item: Json) -> Iterator[field.Error]:
    spec = item.get("spec", {})
    if (seconds := spec.get("leaseDurationSeconds", 1)) <= 0:
        yield field.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if (transitions := spec.get("leaseTransitions", 0)) < 0:
        yield field.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")


def _row(item: Json, now: datetime) -> Cells:
    holder = item.get("spec", {}).get("holderIdentity", "")
    return (item["metadata"]["name"], holder, cells.age(item["metadata"], now))


RECORDS = (
    Resource(
        "coordination.k8s.io",
        "v1",
        "leases",
        "Lease",
        columns=(NAME, Column("Holder", description="Who holds the lease."), AGE),
        row=_row,
        hooks=Hooks(validate=_validate),
    ),
)
