"""CSIStorageCapacity: how much a driver of volumes has left, and where."""

from datetime import datetime

from podvisor.apiserver.resource import NAME, Cells, Column, Json, Resource
from podvisor.types import names, rules

RULES = (
    rules.field("nodeTopology", rules.selector()),
    rules.when_creating(rules.field("storageClassName", rules.matches(names.dns_subdomain), otherwise="")),
    rules.field("capacity", rules.no_negative_amount()),
    rules.field("nodeTopology", rules.immutable()),
    rules.field("storageClassName", rules.immutable()),
)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], item["storageClassName"], item.get("capacity", "<unset>"))


RECORD = Resource(
    "storage.k8s.io",
    "v1",
    "csistoragecapacities",
    "CSIStorageCapacity",
    columns=(NAME, Column("StorageClassName"), Column("Capacity")),
    row=_row,
    rules=RULES,
    unconditional_update=False,
)
