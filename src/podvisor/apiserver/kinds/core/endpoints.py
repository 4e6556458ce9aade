"""Service and Endpoints."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.podspec import containers as container_validation
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field
from podvisor.types.field import Path


def _validate_endpoints(item: Json) -> Iterator[field.Error]:
    for index, subset in enumerate(item.get("subsets", ())):
        here = Path("subsets").at(index)
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield field.required(here, "must specify `addresses` or `notReadyAddresses`")
        for place, port in enumerate(subset.get("ports", ())):
            yield from container_validation.port_number(
                port.get("port", 0), here.child("ports").at(place).child("port")
            )


def _default_endpoints(item: Json) -> None:
    for subset in item.get("subsets", ()):
        for port in subset.get("ports", ()):
            port.setdefault("protocol", "TCP")


def _endpoints_row(item: Json, now: datetime) -> Cells:
    found: list[str] = []
    for subset in item.get("subsets", ()):
        ports: Sequence[Json] = subset.get("ports", ()) or ({},)
        for port in ports:
            number = f":{port['port']}" if port else ""
            found += [f"{one['ip']}{number}" for one in subset.get("addresses", ())]
    shown = ",".join(found[:3]) + (f" + {len(found) - 3} more..." if len(found) > 3 else "")
    return (item["metadata"]["name"], shown or "<none>", cells.age(item["metadata"], now))


RECORD = Resource(
    "",
    "v1",
    "endpoints",
    "Endpoints",
    short_names=("ep",),
    columns=(NAME, Column("Endpoints"), AGE),
    row=_endpoints_row,
    hooks=Hooks(default=_default_endpoints, validate=_validate_endpoints),
)
