"""The schema of a custom resource as OpenAPI publishes it, as apiextensions-apiserver's `pkg/controller/openapi`."""

from collections.abc import Mapping

from podvisor.apiserver.resource import Json, Resource

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_REFERENCE = "#/components/schemas/"
_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_KIND = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_TYPE: Json = {
    "apiVersion": {"type": "string", "description": _VERSION},
    "kind": {"type": "string", "description": _KIND},
}


def _reference(name: str, description: str) -> Json:
    return {"allOf": [{"$ref": _REFERENCE + name}], "description": description}


def definitions(resource: Resource, schema: Json) -> Mapping[str, Json]:
    """The schemas of the kind and of its list, by name."""
    text = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/"
    name = resource.definition
    root = dict(schema)
    if root.get("type") == "object" or "properties" in root:
        meta = _reference(f"{_META}.ObjectMeta", f"{text}api-conventions.md#metadata")
        root["properties"] = root.get("properties", {}) | _TYPE | {"metadata": meta}
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    root["x-kubernetes-group-version-kind"] = [kind]
    listed = {
        "type": "object",
        "description": f"{resource.kind}List is a list of {resource.kind}",
        "required": ["items"],
        "properties": _TYPE
        | {
            "items": {
                "type": "array",
                "description": f"List of {resource.plural}. More info: https://git.k8s.io/community/contributors/devel/"
                "sig-architecture/api-conventions.md",
                "items": {"allOf": [{"$ref": _REFERENCE + name}]},
            },
            "metadata": _reference(f"{_META}.ListMeta", "Standard list metadata."),
        },
        "x-kubernetes-group-version-kind": [kind | {"kind": resource.list_kind or f"{resource.kind}List"}],
    }
    return {name: root, f"{name}List": listed}
