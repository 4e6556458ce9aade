"""ServiceAccount."""

from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource, Subresource


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], len(item.get("secrets", ())), cells.age(item["metadata"], now))


RECORD = Resource(
    "",
    "v1",
    "serviceaccounts",
    "ServiceAccount",
    short_names=("sa",),
    columns=(NAME, Column("Secrets", description="The secrets that pods of this account may use."), AGE),
    row=_row,
    subresources=(Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", "v1"),),
)
