"""What CEL knows of values by their schema (apiserver's `pkg/cel/common/schemas.go`)."""

from podvisor.types import cel
from podvisor.types.structural.node import Node

_TEXTS = {"byte": cel.BYTES, "duration": cel.DURATION, "date": cel.TIMESTAMP, "date-time": cel.TIMESTAMP}
_PLAIN = {"boolean": cel.BOOL, "number": cel.DOUBLE, "integer": cel.INT}
_METADATA = cel.object_type("metadata", cel.fields({"name": cel.STRING, "generateName": cel.STRING}))


def type_of(node: Node, *, is_root: bool, name: str = "self") -> cel.Type | None:
    """The type of a value; None for what has no type that CEL can know. Whole objects have a name and a kind."""
    if node.schema.get("x-kubernetes-int-or-string"):
        return cel.DYN
    if is_root:
        return _object(node, name, {"apiVersion": cel.STRING, "kind": cel.STRING, "metadata": _METADATA})
    match node.type:
        case "array":
            return _list(node, name)
        case "object" if node.additional is not None:
            inner = type_of(node.additional, is_root=node.additional.is_embedded, name=f"{name}.@values")
            return None if inner is None else cel.map_of(cel.STRING, inner)
        case "object":
            return _object(node, name, {})
        case "string":
            return _TEXTS.get(node.schema.get("format", ""), cel.STRING)
        case kind:
            return _PLAIN.get(kind)


def _list(node: Node, name: str) -> cel.Type | None:
    if (
        node.items is None
        or (item := type_of(node.items, is_root=node.items.is_embedded, name=f"{name}.@items")) is None
    ):
        return None
    identity = None if node.list_type == "atomic" else cel.ListIdentity(node.list_keys)
    return cel.list_of(item, identity)


def _object(node: Node, name: str, more: dict[str, cel.Type]) -> cel.Type:
    found: dict[str, cel.Type] = {}
    for field, one in node.properties.items():
        kind = type_of(one, is_root=one.is_embedded, name=f"{name}.{field}")
        if kind is not None:
            found[field] = kind
    return cel.object_type(name, cel.fields(found | more))
