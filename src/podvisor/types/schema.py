"""The shape of every kind, compiled from the generated data file (tools/generate_schemas.py).

A shape says what a value must be, which fields it has, and how a strategic merge and a server-side apply join two
values of it. Shapes refer to each other lazily, since some (JSONSchemaProps) contain themselves.
"""

import json
import lzma
from dataclasses import dataclass
from dataclasses import field as default
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

Type = Literal["object", "map", "list", "string", "integer", "number", "boolean", "quantity", "int-or-string", "any"]

_DEFINITIONS = "#/definitions/"
_SPECIAL: dict[str, Type] = {"Quantity": "quantity", "IntOrString": "int-or-string"}


@dataclass(slots=True)
class Shape:
    """What a value may be."""

    type: Type
    name: str = ""
    """For objects: the last part of its definition, `DeploymentSpec`."""
    format: str = ""
    """int32, int64, byte, date-time, ..."""
    fields: dict[str, "Field"] = default(default_factory=dict[str, "Field"])
    """For objects."""
    items: "Shape | None" = None
    """For lists and maps."""
    atomic: bool = False
    """Server-side apply replaces it as a whole."""


@dataclass(slots=True)
class Field:
    """A field of an object."""

    shape: Shape
    merge_key: str = ""
    """Strategic merge joins the items of this list by this field of theirs."""
    strategies: frozenset[str] = frozenset()
    """`merge`, `retainKeys`, `replace`, as struct tags name them."""
    list_type: str = "atomic"
    """atomic, set or map, for server-side apply."""
    list_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """The content of the data file."""

    version: str
    """The Kubernetes version, `1.33`."""
    definitions: dict[str, dict[str, Any]]
    """By full name, `io.k8s.api.core.v1.Pod`, without descriptions."""


@cache
def data() -> Data:
    """The generated schemas."""
    content = _read("schemas")
    return Data(content["version"], content["definitions"])


def descriptions() -> dict[str, dict[str, str]]:
    """For each definition the descriptions of its fields, its own under ''. Not kept in memory."""
    return _read("descriptions")


@cache
def of_definition(name: str) -> Shape:
    """The shape of a definition. KeyError if there is none."""
    return _compile_definition(name)


@cache
def names_by_kind() -> dict[tuple[str, str, str], str]:
    """The definition of each (group, version, kind)."""
    found: dict[tuple[str, str, str], str] = {}
    for name, definition in data().definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", ()):
            found[kind["group"], kind["version"], kind["kind"]] = name
    return found


def of_kind(group: str, version: str, kind: str) -> Shape:
    """The shape of a kind. KeyError if there is none."""
    return of_definition(names_by_kind()[group, version, kind])


_shapes: dict[str, Shape] = {}


def _compile_definition(name: str) -> Shape:
    if name in _shapes:
        return _shapes[name]
    short = name.rpartition(".")[2]
    if short in _SPECIAL:
        return _shapes.setdefault(name, Shape(_SPECIAL[short], short))
    definition = data().definitions[name]
    shape = _shapes[name] = Shape("any", short)
    _fill(shape, definition)
    return shape


def _compile(schema: dict[str, Any]) -> Shape:
    if reference := schema.get("$ref"):
        return _compile_definition(cast("str", reference).removeprefix(_DEFINITIONS))
    shape = Shape("any")
    _fill(shape, schema)
    return shape


def _fill(shape: Shape, schema: dict[str, Any]) -> None:
    shape.format = schema.get("format", "")
    shape.atomic = schema.get("x-kubernetes-map-type") == "atomic"
    match schema.get("type"):
        case "array":
            shape.type, shape.items = "list", _compile(schema["items"])
        case "object" if "properties" in schema:
            shape.type = "object"
            shape.fields = {name: _field(item) for name, item in schema["properties"].items()}
        case "object" if "additionalProperties" in schema:
            shape.type, shape.items = "map", _compile(schema["additionalProperties"])
        case "string" | "integer" | "number" | "boolean" as simple:
            shape.type = simple
        case _:
            shape.type = "any"


def _field(schema: dict[str, Any]) -> Field:
    strategies = schema.get("x-kubernetes-patch-strategy", "")
    return Field(
        _compile(schema),
        schema.get("x-kubernetes-patch-merge-key", ""),
        frozenset(strategies.split(",")) if strategies else frozenset(),
        schema.get("x-kubernetes-list-type", "atomic"),
        tuple(schema.get("x-kubernetes-list-map-keys", ())),
    )


def _read(name: str) -> dict[str, Any]:
    packed = (files("podvisor.types") / "data" / f"{name}.json.xz").read_bytes()
    return json.loads(lzma.decompress(packed))
