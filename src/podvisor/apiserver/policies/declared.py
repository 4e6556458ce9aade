"""What CEL knows of the objects of a kind by its schema, for the types of policies' variables.

apiserver `pkg/cel/common/schemas.go`; what a schema leaves open may be anything.
"""

from functools import cache

from podvisor.apiserver.extensions.custom import CustomResource
from podvisor.apiserver.resource import Resource
from podvisor.types import cel, schema, structural
from podvisor.types.schema import Shape
from podvisor.types.structural import declared

_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_TEXTS = {"byte": cel.BYTES, "date-time": cel.TIMESTAMP, "date": cel.TIMESTAMP, "duration": cel.DURATION}
_PLAIN = {"boolean": cel.BOOL, "integer": cel.INT, "number": cel.DOUBLE, "quantity": cel.STRING}


def type_of(resource: Resource) -> cel.Type:
    """The type of a kind's objects."""
    if isinstance(resource, CustomResource):
        return _of_custom(resource)
    return _of_built_in(resource.group, resource.version, resource.kind)


@cache
def _of_built_in(group: str, version: str, kind: str) -> cel.Type:
    return _type(schema.of_kind(group, version, kind), kind, ())


def _of_custom(resource: CustomResource) -> cel.Type:
    root: structural.Node = resource.compiled.root
    found = declared.type_of(root, is_root=True, name=resource.kind)
    if found is None or found.kind != "object" or root.preserves:
        return cel.DYN
    metadata = {"metadata": cel.Field(_metadata(), "metadata")}
    return cel.object_type(resource.kind, {**found.fields, **metadata})


@cache
def _metadata() -> cel.Type:
    return _type(schema.of_definition(_METADATA), "metadata", ())


def _type(shape: Shape, name: str, above: tuple[Shape, ...]) -> cel.Type:
    if any(shape is one for one in above):
        return cel.DYN  # A schema that contains itself.
    match shape.type:
        case "object":
            inside = {key: _type(one.shape, f"{name}.{key}", (*above, shape)) for key, one in shape.fields.items()}
            return cel.object_type(name, cel.fields(inside))
        case "list" if shape.items is not None:
            identity = None if shape.list_type == "atomic" else cel.ListIdentity(shape.list_keys)
            return cel.list_of(_type(shape.items, f"{name}.@items", above), identity)
        case "map" if shape.items is not None:
            return cel.map_of(cel.STRING, _type(shape.items, f"{name}.@values", above))
        case "string":
            return _TEXTS.get(shape.format, cel.STRING)
        case kind:
            return _PLAIN.get(kind, cel.DYN)
