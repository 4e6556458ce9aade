"""What the schema of a CustomResourceDefinition may say.

Rules and words are those of apiextensions-apiserver's `pkg/apis/apiextensions/validation`: what OpenAPI allows, what a
structural schema allows of it, and defaults that would be accepted if somebody wrote them.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from podvisor.apiserver.resource import Json
from podvisor.types import decode, field
from podvisor.types.field import Error, Path
from podvisor.types.structural import embedded, go, node, reading, structure
from podvisor.types.structural import rules as cel_rules
from podvisor.types.structural.validator import Validator

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_FORBIDDEN = (
    ("id", "id is not supported"),
    ("additionalItems", "additionalItems is not supported"),
    ("patternProperties", "patternProperties is not supported"),
    ("definitions", "definitions is not supported"),
    ("dependencies", "dependencies is not supported"),
    ("$ref", "$ref is not supported"),
)
_ROOT_WITH_STATUS = {
    "description": "Description",
    "type": "Type",
    "format": "Format",
    "title": "Title",
    "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum",
    "minimum": "Minimum",
    "exclusiveMinimum": "ExclusiveMinimum",
    "maxLength": "MaxLength",
    "minLength": "MinLength",
    "pattern": "Pattern",
    "maxItems": "MaxItems",
    "minItems": "MinItems",
    "uniqueItems": "UniqueItems",
    "multipleOf": "MultipleOf",
    "required": "Required",
    "items": "Items",
    "properties": "Properties",
    "externalDocs": "ExternalDocs",
    "example": "Example",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-validations": "XValidations",
}
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_MOST_SELECTABLE = 8
_IN_KEYS = "this property is in x-kubernetes-list-map-keys, so it"


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds where a schema stands."""

    path: Path
    no_defaults: str = ""
    """Why there may be no default; empty where there may."""
    in_meta: bool = False
    is_root: bool = False

    def at(self, *names: str) -> "_Place":
        return replace(self, path=self.path.child(*names), is_root=False)

    def index(self, name: str, position: int) -> "_Place":
        return replace(self, path=self.path.child(name).at(position), is_root=False)


def check(schema: Json, path: Path, has_status: bool) -> Iterator[Error]:
    """Objections to the schema of a version; `has_status` is True if a version has a status subresource."""
    found = list(_root(schema, path)) if has_status else []
    if schema.get("nullable"):
        found.append(field.forbidden(Path(f"{path}.nullable"), "nullable cannot be true at the root"))
    why = structure.unsupported(schema)
    if not why:
        wrong = list(structure.check(schema, path))
        found += wrong or _defaults(schema, path)
    found += _open_api(schema, _Place(path, is_root=True))
    if why and not found:
        found.append(field.invalid(path, "", why))
    yield from found or _cel(schema, path)


def check_selectable(fields: Sequence[Json], path: Path, schema: Json) -> Iterator[Error]:
    """Objections to the fields by which objects can be selected."""
    seen: set[str] = set()
    for index, one in enumerate(fields):
        here, given = path.at(index).child("jsonPath"), one.get("jsonPath", "")
        if not given:
            yield field.required(here)
            continue
        found, why = _find(given, schema)
        if found is None:
            yield field.invalid(here, given, f"is an invalid path: {why}")
            continue
        if given.removeprefix(".").split(".")[0] == "metadata":
            yield field.invalid(here, given, "must not point to fields in metadata")
        if found.get("type") not in ("string", "boolean", "integer"):
            detail = "must point to a field of type string, boolean or integer."
            yield field.invalid(here, given, f"{detail} Enum string fields and strings with formats are allowed.")
        if given in seen:
            yield field.duplicate(here, given)
        seen.add(given)
    if len(seen) > _MOST_SELECTABLE:
        yield field.too_many(path, len(seen), _MOST_SELECTABLE)


def _find(path: str, schema: Json) -> tuple[Json | None, str]:
    """The schema of the field at a path, or why there is none."""
    if "[" in path:
        return None, "array notation is not allowed"
    if not path.startswith("."):
        return None, f"expected [ or . but got: {path.split('.')[0]}"
    for name in path[1:].split("."):
        below: Json | None = schema.get("properties", {}).get(name)
        if below is None and not schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
            below = schema["additionalProperties"]
        if below is None:
            return None, "does not refer to a valid field"
        schema = below
    return schema, ""


def _root(schema: Json, path: Path) -> Iterator[Error]:
    """Objections to a root whose `status` is validated alone."""
    for name, value in schema.items():
        if name == "type" and value != "object":
            detail = (
                'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            )
            yield field.invalid(Path(f"{path}.type"), value, detail)
            return
        if value not in (None, "", False, [], {}) and name not in _ROOT_WITH_STATUS:
            known = f"[{' '.join(_ROOT_WITH_STATUS.values())}]"
            detail = f"only {known} fields are allowed at the root of the schema if the status subresource is enabled"
            yield field.invalid(path, schema, detail)
            return


def _cel(schema: Json, path: Path) -> Iterator[Error]:
    """Objections to the CEL rules of a schema that is good otherwise."""
    if any(one.get("x-kubernetes-validations") for one in structure.below(schema)):
        yield from cel_rules.objections(node.compile(schema), path)


def _defaults(schema: Json, path: Path) -> Iterator[Error]:
    """Objections to defaults: each must be what its schema allows, and hold no unknown fields."""
    if all(one.get("default") is None for one in structure.below(schema)):
        return
    root = node.compile(schema)
    root.is_embedded = root.has_embedded = True
    yield from _defaults_below(root, path, in_meta=False)


def _defaults_below(found: node.Node, path: Path, *, in_meta: bool) -> Iterator[Error]:
    if not found.has_defaults:
        return
    in_meta = in_meta and not found.is_embedded
    if found.default is not None:
        yield from _default(found, path.child("default"), in_meta=in_meta)
    if found.items is not None:
        yield from _defaults_below(found.items, path.child("items"), in_meta=in_meta)
    for name, one in found.properties.items():
        inside = in_meta or (found.is_embedded and name in node.META)
        yield from _defaults_below(one, path.child("properties").key(name), in_meta=inside)


def _default(found: node.Node, path: Path, *, in_meta: bool) -> Iterator[Error]:
    if not in_meta:
        pruned = copy.deepcopy(found.default)
        try:
            unknown = reading.prune(pruned, found)
        except decode.WrongType as error:
            yield field.invalid(path, found.default, str(error))
            return
        if unknown:
            why = "must not have unknown fields"
            yield Error(path, "FieldValueInvalid", f"Invalid value: {go.shown(found.default)}: {why}")
    if wrong := list(embedded.check(found.default, found, path, lambda _, __: ())):
        yield from wrong
        return
    yield from Validator(found.schema).errors(found.default, prefix=path)


def _open_api(schema: Json, place: _Place) -> Iterator[Error]:
    """Objections to a schema and all below it, as OpenAPI."""
    path = place.path
    yield from _own(schema, place)
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield field.forbidden(path.child("uniqueItems"), detail)
    yield from _additional(schema, place)
    for name, one in schema.get("properties", {}).items():
        yield from _open_api(one, _of_property(schema, name, place))
    if schema.get("not") is not None:
        yield from _open_api(schema["not"], place.at("not"))
    for name in ("allOf", "oneOf", "anyOf"):
        for index, one in enumerate(schema.get(name, ())):
            yield from _open_api(one, place.index(name, index))
    items = schema.get("items")
    if isinstance(items, dict):
        yield from _open_api(cast("Json", items), place.at("items"))
    yield from _kubernetes(schema, path)
    yield from _rules(schema, path)


def _own(schema: Json, place: _Place) -> Iterator[Error]:
    path, kind = place.path, schema.get("type", "")
    if kind and kind not in _TYPES:
        yield field.unsupported(path.child("type"), kind, _TYPES)
    if schema.get("default") is not None and place.no_defaults:
        yield field.forbidden(path.child("default"), f"must not be set {place.no_defaults}")
    yield from (field.forbidden(path.child(name), detail) for name, detail in _FORBIDDEN if schema.get(name))
    if kind == "null":
        detail = "type cannot be set to null, use nullable as an alternative"
        yield field.forbidden(path.child("type"), detail)
    if isinstance(schema.get("items"), list) and schema["items"]:
        yield field.forbidden(path.child("items"), "items must be a schema object and not an array")
    if place.in_meta and schema.get("x-kubernetes-embedded-resource"):
        yield field.forbidden(path.child("x-kubernetes-embedded-resource"), "must not be used inside of resource meta")


def _additional(schema: Json, place: _Place) -> Iterator[Error]:
    if (additional := schema.get("additionalProperties")) is None:
        return
    if schema.get("properties") and additional is not True:
        detail = "additionalProperties and properties are mutual exclusive"
        yield field.forbidden(place.path.child("additionalProperties"), detail)
    if isinstance(additional, dict):
        below = place.at("additionalProperties")
        if place.in_meta:
            below = replace(below, no_defaults="inside additionalProperties applying to object metadata")
        yield from _open_api(cast("Json", additional), below)


def _of_property(schema: Json, name: str, place: _Place) -> _Place:
    below = replace(place, path=place.path.child("properties").key(name), is_root=False)
    if name in node.META and (place.is_root or schema.get("x-kubernetes-embedded-resource")):
        below = replace(below, in_meta=True)
        if place.is_root:
            below = replace(below, no_defaults=f"in top-level {name}")
    return below


def _kubernetes(schema: Json, path: Path) -> Iterator[Error]:
    """Objections to the extensions of a schema."""
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        detail = "must be true or undefined"
        yield field.invalid(path.child("x-kubernetes-preserve-unknown-fields"), False, detail)
    map_type, list_type = schema.get("x-kubernetes-map-type"), schema.get("x-kubernetes-list-type")
    if map_type is not None:
        yield from _needs_type(schema, path, "object", "x-kubernetes-map-type")
        if map_type not in ("atomic", "granular"):
            yield field.unsupported(path.child("x-kubernetes-map-type"), map_type, ("atomic", "granular"))
    if list_type is not None:
        yield from _needs_type(schema, path, "array", "x-kubernetes-list-type")
        if list_type == "set" and schema.get("type") == "array":
            yield from _set(schema.get("items"), path.child("items"))
        if list_type not in ("atomic", "set", "map"):
            known = ("atomic", "set", "map")
            yield field.unsupported(path.child("x-kubernetes-list-type"), list_type, known, in_order=True)
    yield from _keys(schema, path)


def _needs_type(schema: Json, path: Path, kind: str, name: str) -> Iterator[Error]:
    given, detail = schema.get("type", ""), f"must be {kind} if {name} is specified"
    if not given:
        yield field.required(path.child("type"), detail)
    elif given != kind:
        yield field.invalid(path.child("type"), given, detail)


def _set(items: Any, path: Path) -> Iterator[Error]:
    if not isinstance(items, dict):
        return
    given = cast("Json", items)
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    list_type, map_type = given.get("x-kubernetes-list-type"), given.get("x-kubernetes-map-type")
    if given.get("type") == "array" and list_type not in (None, "atomic"):
        yield field.invalid(path.child("x-kubernetes-list-type"), list_type, detail)
    if given.get("type") == "object" and map_type != "atomic":
        yield field.invalid(path.child("x-kubernetes-map-type"), list_type, detail)


def _keys(schema: Json, path: Path) -> Iterator[Error]:
    keys: list[str] = schema.get("x-kubernetes-list-map-keys", [])
    list_type, here = schema.get("x-kubernetes-list-type"), path.child("x-kubernetes-list-map-keys")
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        place = path.child("x-kubernetes-list-type")
        yield field.required(place, detail) if list_type is None else field.invalid(place, list_type, detail)
    items = schema.get("items")
    if list_type == "map":
        if not keys:
            yield field.required(here, "must not be empty if x-kubernetes-list-type is map")
        if items is None:
            yield field.required(path.child("items"), "must have a schema if x-kubernetes-list-type is map")
        if isinstance(items, dict):
            yield from _keys_of_items(cast("Json", items), keys, path)
    if isinstance(items, dict) and list_type in ("set", "map"):
        yield from _distinguishable(cast("Json", items), list_type, keys, path)


def _keys_of_items(items: Json, keys: Sequence[str], path: Path) -> Iterator[Error]:
    here = path.child("x-kubernetes-list-map-keys")
    kind = items.get("type", "")
    if kind != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield field.invalid(path.child("items", "type"), kind, detail)
        return
    for index, key in enumerate(keys):
        found = items.get("properties", {}).get(key)
        if found is None:
            yield field.invalid(here, keys, "entries must all be names of item properties")
        elif found.get("type") in ("array", "object"):
            place = path.child("items", "properties").key(key).child("type")
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield field.invalid(place, kind, detail)
        if key in keys[:index]:
            yield field.invalid(here, keys, "must not contain duplicate entries")


def _distinguishable(items: Json, list_type: str, keys: Sequence[str], path: Path) -> Iterator[Error]:
    """Objections to items of which two may be told apart by nothing."""
    if items.get("nullable"):
        detail = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        yield field.forbidden(path.child("items", "nullable"), detail)
    for key in keys if list_type == "map" else ():
        found: Json = items.get("properties", {}).get(key, {})
        place = path.child("items", "properties").key(key)
        if key not in items.get("required", ()) and found.get("default") is None:
            detail = (
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            )
            yield field.required(place.child("default"), detail)
        if found.get("nullable"):
            yield field.forbidden(place.child("nullable"), f"{_IN_KEYS} cannot be nullable")


def _rules(schema: Json, path: Path) -> Iterator[Error]:
    """Objections to the form of CEL rules."""
    for index, rule in enumerate(schema.get("x-kubernetes-validations", ())):
        here = path.child("x-kubernetes-validations").at(index)
        text, message = rule.get("rule", ""), rule.get("message", "")
        if not text.strip():
            yield field.required(here.child("rule"), "rule is not specified")
        elif message and not message.strip():
            yield field.invalid(here.child("message"), message, "message must be non-empty if specified")
        elif _has_lines(message.strip()):
            yield field.invalid(here.child("message"), message, "message must not contain line breaks")
        elif _has_lines(text.strip()) and not message.strip():
            yield field.required(here.child("message"), "message must be specified if rule contains line breaks")
        if rule.get("messageExpression") and not rule["messageExpression"].strip():
            detail = "messageExpression must be non-empty if specified"
            yield field.required(here.child("messageExpression"), detail)
        if rule.get("reason") is not None and rule["reason"] not in _REASONS:
            yield field.unsupported(here.child("reason"), rule["reason"], _REASONS)
        yield from _field_path(schema, rule.get("fieldPath", ""), here.child("fieldPath"))


def _field_path(schema: Json, given: str, path: Path) -> Iterator[Error]:
    if not given:
        return
    if not given.strip():
        yield field.invalid(path, given, "fieldPath must be non-empty if specified")
    if _has_lines(given):
        yield field.invalid(path, given, "fieldPath must not contain line breaks")
    if "[" not in given and _find(given, schema)[0] is None:
        yield field.invalid(path, given, "fieldPath must be a valid path")


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text
