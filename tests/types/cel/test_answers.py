"""Hundreds of expressions, and what Kubernetes' own evaluator says of each: value, cost, or its words of refusal.

`answers.json` holds apiserver 1.33's answers: `typed` expressions are checked against the schema, the others speak of
anything at all. `refused` is null where only that it is refused is compared (a parser's guess of what was expected).
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from podvisor.types import cel
from podvisor.types.cel import values
from podvisor.types.cel.library import conversions

_ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text())
_SETTING: dict[str, Any] = _ANSWERS["setting"]
_FORMATS = {"date-time": cel.TIMESTAMP, "date": cel.TIMESTAMP, "duration": cel.DURATION, "byte": cel.BYTES}
_PLAIN = {"string": cel.STRING, "integer": cel.INT, "number": cel.DOUBLE, "boolean": cel.BOOL}


def _type(schema: dict[str, Any], name: str = "selfType") -> cel.Type:
    if "properties" in schema:
        inner = {key: _type(value, f"{name}.{cel.escape(key)}") for key, value in schema["properties"].items()}
        return cel.object_type(name, cel.fields(inner))
    if "additionalProperties" in schema:
        return cel.map_of(cel.STRING, _type(schema["additionalProperties"]))
    if "items" in schema:
        keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
        identity = cel.ListIdentity(keys) if "x-kubernetes-list-type" in schema else None
        return cel.list_of(_type(schema["items"], f"{name}.@items"), identity)
    if "x-kubernetes-int-or-string" in schema:
        return cel.DYN
    if schema["type"] == "object":
        return cel.object_type(name, {})
    return _FORMATS.get(schema.get("format", "")) or _PLAIN[schema["type"]]


def _shown(value: Any) -> Any:
    """A value as the table has it."""
    match value:
        case values.Uint():
            return {"$uint": int(value)}
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value) and value != int(value):
            return value
        case float():
            return {"$double": conversions.shown_double(value)}
        case bytes():
            return {"$bytes": value.hex()}
        case values.Optional():
            return {"$some": _shown(value.content)} if value.present else {"$none": True}
        case values.Timestamp() | values.Duration():
            return {"$time": conversions.text(value)}
        case list():
            return [_shown(item) for item in value]
        case dict():
            return {conversions.text(key): _shown(item) for key, item in value.items()}
        case _:
            return {"$other": values.type_name(value)}


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    kind = _type(_SETTING["schema"]) if row["typed"] else cel.DYN
    given = {
        "self": _SETTING["self" if row["typed"] else "free"],
        "oldSelf": _SETTING["oldSelf"] if row["typed"] else None,
    }
    budget = cel.Budget()
    try:
        program = cel.compile(row["expression"], {"self": kind, "oldSelf": kind})
        answer: dict[str, Any] = {"value": _shown(program.evaluate(given, budget))}
    except cel.CompileError as error:
        return {"refused": str(error) if row.get("refused") else None}
    except cel.EvaluationError as error:
        return {"fails": str(error)}
    return {**answer, "cost": cel.PER_REQUEST - budget.remaining if row.get("cost") is not None else None}


@pytest.mark.parametrize("part", range(8))
def test_expressions_come_to_what_kubernetes_makes_of_them(part: int) -> None:
    rows = _ANSWERS["rows"][part::8]
    expected = [{key: row[key] for key in row if key not in ("expression", "typed")} for row in rows]
    assert [(row["expression"], _answer(row)) for row in rows] == [
        (row["expression"], answer) for row, answer in zip(rows, expected, strict=True)
    ]
