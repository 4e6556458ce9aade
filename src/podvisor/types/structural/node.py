"""A structural schema, compiled: what each value has of structure. Its other demands are the validator's."""

from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, cast

from podvisor.types import schema as schemas
from podvisor.types.schema import Field, Shape

Json = dict[str, Any]

META = ("apiVersion", "kind", "metadata")
"""The fields that an object has whatever its schema says."""
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_TYPES: dict[str, schemas.Type] = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


@dataclass(slots=True, eq=False)
class Node:
    """What a value may consist of."""

    schema: Json
    """As the definition has it."""
    type: str = ""
    nullable: bool = False
    default: Any = None
    """None if there is none: null is no default."""
    properties: dict[str, "Node"] = field(default_factory=dict[str, "Node"])
    additional: "Node | None" = None
    """For the values of a map."""
    has_additional: bool = False
    """True if fields that are not named are kept."""
    items: "Node | None" = None
    preserves: bool = False
    """True if what it does not name is kept (`x-kubernetes-preserve-unknown-fields`)."""
    is_embedded: bool = False
    """True if it is a whole object itself (`x-kubernetes-embedded-resource`)."""
    list_type: str = "atomic"
    list_keys: tuple[str, ...] = ()
    has_defaults: bool = False
    """True if it, or something below it, has a default."""
    has_lists: bool = False
    """True if something below it is a list of which no two items may be alike."""
    has_embedded: bool = False
    """True if it, or something below it, is a whole object."""

    def child(self, name: str) -> "Node | None":
        """What a field may be; None if nothing is known of it."""
        return self.properties.get(name) or self.additional


def compile(schema: Json) -> Node:
    """A schema as a Node. What is no structure of it (`allOf`, `minimum`, …) is left to the validator."""
    node = Node(
        schema,
        schema.get("type", ""),
        nullable=bool(schema.get("nullable")),
        default=schema.get("default"),
        preserves=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        is_embedded=bool(schema.get("x-kubernetes-embedded-resource")),
        list_type=schema.get("x-kubernetes-list-type", "atomic"),
        list_keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
    )
    properties: Json = schema.get("properties", {})
    node.properties = {name: compile(one) for name, one in properties.items()}
    if isinstance(items := schema.get("items"), dict):
        node.items = compile(cast("Json", items))
    additional = schema.get("additionalProperties")
    node.has_additional = additional is not None
    if isinstance(additional, dict):
        node.additional = compile(cast("Json", additional))
    below = [*node.properties.values(), *(one for one in (node.items, node.additional) if one is not None)]
    node.has_defaults = node.default is not None or any(one.has_defaults for one in below)
    node.has_lists = node.list_type != "atomic" or any(one.has_lists for one in below)
    node.has_embedded = node.is_embedded or any(one.has_embedded for one in below)
    return node


def shape(node: Node, kind: str) -> Shape:
    """What an object of this schema looks like, for server-side apply."""
    found = _shape(node)
    found.type, found.name = "object", kind
    found.fields |= _meta()
    return found


@cache
def _meta() -> dict[str, Field]:
    shared = schemas.of_definition(OBJECT_META)
    raw = {name: replace(known, empty="raw") for name, known in shared.fields.items()}
    metadata = replace(shared, fields=raw, managed=None)
    text = Shape("string")
    return {
        name: Field(shape, empty="raw")
        for name, shape in (("apiVersion", text), ("kind", text), ("metadata", metadata))
    }


def _shape(node: Node) -> Shape:
    made = Shape("any", format=node.schema.get("format", ""))
    made.atomic = node.schema.get("x-kubernetes-map-type") == "atomic"
    if node.schema.get("x-kubernetes-int-or-string"):
        made.type = "int-or-string"
    elif node.type == "array":
        made.type, made.items = "list", _shape(node.items) if node.items else Shape("any")
        made.list_type, made.list_keys = node.list_type, node.list_keys
    elif node.type == "object" and (node.properties or node.is_embedded):
        made.type = "object"
        made.fields = {name: _field(one) for name, one in node.properties.items()}
        if node.is_embedded:
            made.fields |= _meta()
        if node.preserves:
            made.items = Shape("any")
    elif node.type == "object" and node.additional:
        made.type, made.items = "map", _shape(node.additional)
    else:
        made.type = _TYPES.get(node.type, "any")
    return made


def _field(node: Node) -> Field:
    return Field(_shape(node), default=node.default, empty="raw")
