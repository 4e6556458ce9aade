"""What `kubectl get` shows of custom objects: the additional printer columns.

The cells are those of apiextensions-apiserver's `pkg/registry/customresource/tableconvertor`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from podvisor.apiserver import cells
from podvisor.apiserver.extensions import definition
from podvisor.apiserver.resource import NAME, Cell, Cells, Column, Json
from podvisor.types import jsonpath

_AGE = definition.Column(
    "Age",
    "date",
    ".metadata.creationTimestamp",
    description="CreationTimestamp is a timestamp representing the server time when this object was created.",
)
"""What a version without columns of its own shows beside the name."""


def table(version: definition.Version) -> tuple[Sequence[Column], Callable[[Json, datetime], Cells]]:
    """The columns of a version, and what makes the cells of a row."""
    wanted = version.additional_printer_columns or (_AGE,)
    paths = [(one.type, jsonpath.parse(one.json_path)) for one in wanted]

    def row(item: Json, now: datetime) -> Cells:
        return [item["metadata"]["name"], *(_cell(kind, path, item, now) for kind, path in paths)]

    return (NAME, *(_column(one) for one in wanted)), row


def _column(one: definition.Column) -> Column:
    text = one.description or f"Custom resource definition column (in JSONPath format): {one.json_path}"
    return Column(one.name, one.type, format=one.format, priority=one.priority, description=text)


def _cell(kind: str, path: jsonpath.Path, item: Json, now: datetime) -> Cell:
    found = jsonpath.find(path, item)
    return _shown(kind, found[0], now) if found else None


def _shown(kind: str, value: Any, now: datetime) -> Cell:
    """A value as a cell of this type; None where it is of another."""
    match kind:
        case "string":
            return jsonpath.text(value)
        case "integer" if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
        case "number" if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "date" if isinstance(value, str):
            return _since(value, now)
        case _:
            return None


def _since(value: str, now: datetime) -> str:
    try:
        return cells.since(value, now)
    except (ValueError, TypeError):
        return "<invalid>"
