"""Objects as the table that `kubectl get` prints (`meta.k8s.io/v1` Table)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from podvisor.apiserver.resource import Column, Json, Resource
from podvisor.types import status


def of(resource: Resource, items: Sequence[Json], now: datetime, query: Mapping[str, str], version: str = "v1") -> Json:
    """A Table with one row for each item, each with as much of the object as `includeObject` asks for."""
    include = included(query)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": {},
        "columnDefinitions": [_definition(column) for column in resource.columns],
        "rows": [_row(resource, item, now, include, version) for item in items],
    }


def included(query: Mapping[str, str]) -> str:
    """How much of each object comes with its row. Raises BadRequest."""
    include = query.get("includeObject", "Metadata") or "Metadata"
    if include not in ("None", "Metadata", "Object"):
        raise status.BadRequest(f'Table parameters are invalid: includeObject: Unsupported value: "{include}"')
    return include


def _definition(column: Column) -> Json:
    return {
        "name": column.name,
        "type": "string" if column.type == "date" else column.type,
        "format": "name" if column.name == "Name" else column.format,
        "description": column.description,
        "priority": column.priority or int(column.wide),
    }


def _row(resource: Resource, item: Json, now: datetime, include: str, version: str) -> Json:
    row: Json = {"cells": resource.row(item, now)}
    if include == "Metadata":
        kind = {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}"}
        row["object"] = kind | {"metadata": item["metadata"]}
    elif include == "Object":
        row["object"] = item
    return row
