"""The shape of every kind, compiled from the generated data file (tools/generate_schemas.py).

A shape says what a value must be, which fields it has, and how a strategic merge and a server-side apply join two
values of it. Shapes refer to each other lazily, since some (JSONSchemaProps) contain themselves.
"""

import json
import lzma
from dataclasses import dataclass, replace
from dataclasses import field as default
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

Type = Literal["object", "map", "list", "string", "integer", "number", "boolean", "quantity", "int-or-string", "any"]

Empty = Literal["absent", "omitted", "struct", "null", "zero", "raw"]
"""How a Go struct writes a field that holds nothing, which decides who owns what:

absent   a pointer: not at all, but a zero that it points to is written
omitted  with omitempty: not at all, and neither is a zero or what is empty
struct   part of its parent: always there, as {} at least
null     a list, map or time without omitempty
zero     a plain value without omitempty
raw      a field of a custom resource, for which Go has no struct: as it is, null too
"""

_DEFINITIONS = "#/definitions/"
_DEFAULTS = {"ContainerPort.protocol": "TCP", "ServicePort.protocol": "TCP"}
"""Those that the published definitions leave out, of fields by which a list's items are told apart."""
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
    """For lists and maps; for objects what fields are that are not in `fields`, None if there may be none."""
    atomic: bool = False
    """Server-side apply replaces it as a whole."""
    list_type: str = "atomic"
    """For lists: atomic, set or map, for server-side apply."""
    list_keys: tuple[str, ...] = ()
    """The fields that tell the items of a list of type map apart."""
    managed: object = default(default=None, compare=False, repr=False)
    """What `types.managed` makes of it once it is needed; theirs alone."""


@dataclass(slots=True)
class Field:
    """A field of an object."""

    shape: Shape
    merge_key: str = ""
    """Strategic merge joins the items of this list by this field of theirs."""
    strategies: frozenset[str] = frozenset()
    """`merge`, `retainKeys`, `replace`, as struct tags name them."""
    default: Any = None
    """What it is if it is left out, as far as its schema says so."""
    empty: Empty = "absent"
    """How it is written if it holds nothing."""


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


@cache
def _empties() -> dict[str, dict[str, Empty]]:
    """How the fields of each definition are written if they hold nothing, where that is not `absent`."""
    letters: dict[str, Empty] = {"o": "omitted", "s": "struct", "n": "null", "z": "zero"}
    found: dict[str, dict[str, Empty]] = {}
    for name, fields in _read("empties").items():
        found[name] = {field: letters[letter] for letter, names in fields.items() for field in names}
    return found


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
    empties = _empties().get(name, {})
    for field, known in shape.fields.items():
        known.empty = empties.get(field, "absent")
        known.default = _DEFAULTS.get(f"{short}.{field}")
    return shape


def _compile(schema: dict[str, Any]) -> Shape:
    if reference := schema.get("$ref"):
        shape = _compile_definition(cast("str", reference).removeprefix(_DEFINITIONS))
        granular = schema.get("x-kubernetes-map-type") == "granular"
        return replace(shape, atomic=False, managed=None) if granular else shape
    shape = Shape("any")
    _fill(shape, schema)
    return shape


def _fill(shape: Shape, schema: dict[str, Any]) -> None:
    shape.format = schema.get("format", "")
    shape.atomic = schema.get("x-kubernetes-map-type") == "atomic" or shape.name == "RawExtension"
    shape.list_type, shape.list_keys = _list_type(schema)
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
    )


def _list_type(schema: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """How server-side apply joins two lists, and by which keys. What strategic merge does stands in."""
    if kind := schema.get("x-kubernetes-list-type"):
        return kind, tuple(schema.get("x-kubernetes-list-map-keys", ()))
    if "merge" not in schema.get("x-kubernetes-patch-strategy", ""):
        return "atomic", ()
    key = schema.get("x-kubernetes-patch-merge-key")
    return ("map", (key,)) if key else ("set", ())


def _read(name: str) -> dict[str, Any]:
    packed = (files("podvisor.types") / "data" / f"{name}.json.xz").read_bytes()
    return json.loads(lzma.decompress(packed))
