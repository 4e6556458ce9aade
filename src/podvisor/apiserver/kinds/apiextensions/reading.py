"""From what a client sent to a CustomResourceDefinition, schemas within schemas included.

The generated schemas say nothing of `items` and `additionalProperties`, which may be a schema or something else: Go
reads them by code, and so does this.
"""

from collections.abc import Sequence
from typing import Any, cast

from podvisor.types import decode
from podvisor.types import schema as schemas

Json = dict[str, Any]

_PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_OR_SOMETHING_ELSE = {"items": list, "additionalProperties": bool, "additionalItems": bool}
"""Fields that hold a schema or, instead, a value of this type."""


def read(shape: schemas.Shape, item: Json) -> tuple[Json, Sequence[str]]:
    """The definition, and the objections of strict field validation. Raises decode.WrongType."""
    found, unknown = decode.conform(shape, item)
    for index, version in enumerate(found.get("spec", {}).get("versions", ())):
        if schema := version.get("schema", {}).get("openAPIV3Schema"):
            _read_below(schema, f"spec.versions[{index}].schema.openAPIV3Schema", unknown)
    return found, unknown


def _read_below(schema: Json, path: str, unknown: list[str]) -> None:
    for name, kind in _OR_SOMETHING_ELSE.items():
        given = schema.get(name)
        if given is None or isinstance(given, kind):
            continue
        if not isinstance(given, dict):
            where = f"Go struct field JSONSchemaProps.{path}.{name} of type v1.JSONSchemaProps"
            raise decode.WrongType(f"json: cannot unmarshal {decode.json_type(given)} into {where}")
        inner, odd = decode.conform(schemas.of_definition(_PROPS), cast("Json", given))
        unknown += [one.replace('"', f'"{path}.{name}.', 1) for one in odd]
        schema[name] = inner
        _read_below(inner, f"{path}.{name}", unknown)
    for name in ("allOf", "anyOf", "oneOf"):
        for index, one in enumerate(schema.get(name, ())):
            _read_below(one, f"{path}.{name}[{index}]", unknown)
    if "not" in schema:
        _read_below(schema["not"], f"{path}.not", unknown)
    for name, one in schema.get("properties", {}).items():
        _read_below(one, f"{path}.properties[{name}]", unknown)
