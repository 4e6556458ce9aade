"""Which schemas are structural, and which of their parts may stand where.

Rules and words are those of apiextensions-apiserver's `pkg/apiserver/schema/validation.go` and `complete.go`.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, cast

from podvisor.types import field, regex
from podvisor.types.field import Error, Path
from podvisor.types.structural.node import Json

Level = Literal["root", "item", "field"]

_NO_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_UNSUPPORTED = ("id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions")
_EMPTY_IN_COMBINATIONS = (
    ("type", "must be empty to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def unsupported(schema: Json) -> str:
    """Why a schema cannot be read as a structural one at all; empty if it can."""
    for one in below(schema):
        for name in _UNSUPPORTED:
            if one.get(name):
                return f"OpenAPIV3Schema '{name.removeprefix('$') if name == '$schema' else name}' is not supported"
        if isinstance(one.get("items"), list):
            return "OpenAPIV3Schema 'items' must be a schema, but is an array"
        if one.get("x-kubernetes-preserve-unknown-fields") is False:
            return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
    return ""


def below(schema: Json) -> Iterator[Json]:
    """A schema and every schema within it."""
    rest: list[Any] = [schema]
    while rest:
        one = rest.pop()
        if not isinstance(one, dict):
            continue
        found = cast("Json", one)
        yield found
        rest += [found.get(name) for name in ("items", "additionalProperties", "not")]
        for name in ("allOf", "anyOf", "oneOf"):
            rest += found.get(name, ())
        rest += found.get("properties", {}).values()


def check(schema: Json, path: Path) -> Iterator[Error]:
    """Objections to a schema that is to be structural."""
    found = [*_invariants(schema, "root", path), *_complete(schema, schema, path, path)]
    yield from sorted(found, key=str)


def _invariants(schema: Json, level: Level, path: Path) -> Iterator[Error]:
    kind = schema.get("type", "")
    items, additional = schema.get("items"), schema.get("additionalProperties")
    properties: Json = schema.get("properties", {})
    if kind == "array" and items is None:
        yield field.required(path.child("items"), "must be specified")
    if isinstance(items, dict):
        yield from _invariants(cast("Json", items), "item", path.child("items"))
    for name, one in properties.items():
        yield from _invariants(one, "field", path.child("properties").key(name))
    if additional is not None:
        if level == "root":
            yield field.forbidden(path.child("additionalProperties"), "must not be used at the root")
        if isinstance(additional, dict):
            yield from _invariants(cast("Json", additional), "field", path.child("additionalProperties"))
    yield from _extensions(schema, path)
    in_all = schema.get("allOf", ())
    skip_first = bool(in_all) and _is_int_or_string(in_all[0].get("anyOf", ()))
    yield from _values(schema, path, skip_any=_is_int_or_string(schema.get("anyOf", ())), skip_first=skip_first)
    yield from _types(schema, level, path)
    if level == "root" or schema.get("x-kubernetes-embedded-resource"):
        for name in ("kind", "apiVersion"):
            if name in properties and properties[name].get("type") != "string":
                here = path.child("properties").key(name).child("type")
                yield field.invalid(here, properties[name].get("type", ""), "must be string")
    if "metadata" in properties:
        yield from _metadata(schema, properties["metadata"], level, path.child("properties").key("metadata"))


def _is_int_or_string(alternatives: Sequence[Json]) -> bool:
    return list(alternatives) == _INT_OR_STRING


def _extensions(schema: Json, path: Path) -> Iterator[Error]:
    if not schema.get("x-kubernetes-int-or-string"):
        return
    for name in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
        if schema.get(name):
            yield field.invalid(path.child(name), True, "must be false if x-kubernetes-int-or-string is true")


def _types(schema: Json, level: Level, path: Path) -> Iterator[Error]:
    kind, here = schema.get("type", ""), path.child("type")
    is_embedded = schema.get("x-kubernetes-embedded-resource")
    preserves = schema.get("x-kubernetes-preserve-unknown-fields")
    if is_embedded and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        yield field.invalid(here, kind, detail) if kind else field.required(here, detail)
    elif not kind and not schema.get("x-kubernetes-int-or-string") and not preserves:
        yield field.required(here, _NO_TYPE[level])
    if is_embedded and schema.get("additionalProperties") is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        yield field.forbidden(path.child("additionalProperties"), detail)
    if level == "root" and kind and kind != "object":
        yield field.invalid(here, kind, "must be object at the root")
    if is_embedded and not preserves and not schema.get("properties"):
        detail = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        yield field.required(path.child("properties"), detail)


def _metadata(schema: Json, metadata: Json, level: Level, path: Path) -> Iterator[Error]:
    if level != "root" and not schema.get("x-kubernetes-embedded-resource"):
        return
    if metadata.get("type") != "object":
        yield field.invalid(path.child("type"), metadata.get("type", ""), "must be object")
    if level != "root":
        return
    # Title, description and the like are values that the real server does not allow here either.
    rest = {name: one for name, one in metadata.items() if name not in ("type", "default", "properties") and one}
    others = set(metadata.get("properties", ())) - {"name", "generateName"}
    if rest or others:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield field.forbidden(path, detail)


def _values(schema: Json, path: Path, *, skip_any: bool = False, skip_first: bool = False) -> Iterator[Error]:
    for name in ("anyOf", "allOf", "oneOf"):
        for index, one in enumerate(schema.get(name, ()) if name != "anyOf" or not skip_any else ()):
            skips = name == "allOf" and index == 0 and skip_first
            yield from _nested(one, path.child(name).at(index), skip_any=skips)
    if schema.get("not") is not None:
        yield from _nested(schema["not"], path.child("not"))
    if pattern := schema.get("pattern"):
        try:
            regex.compile(pattern)
        except regex.InvalidPattern as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield field.invalid(path.child("pattern"), pattern, detail)


def _nested(schema: Json, path: Path, *, skip_any: bool = False) -> Iterator[Error]:
    """Objections to what a combination demands: it may not add to the structure."""
    yield from _values(schema, path, skip_any=skip_any)
    if isinstance(items := schema.get("items"), dict):
        yield from _nested(cast("Json", items), path.child("items"))
    properties: Json = schema.get("properties", {})
    for name, one in properties.items():
        yield from _nested(one, path.child("properties").key(name))
    if schema.get("additionalProperties"):
        yield field.forbidden(path.child("additionalProperties"), "must be undefined to be structural")
    for name, detail in _EMPTY_IN_COMBINATIONS:
        if schema.get(name) not in (None, "", False, []):
            yield field.forbidden(path.child(name), detail)
    if "metadata" in properties:
        here = path.child("properties").key("metadata")
        yield field.forbidden(here, "must not be specified in a nested context")


def _complete(values: Json, structure: Json, where: Path, path: Path) -> Iterator[Error]:
    """Objections to combinations that speak of what the structure does not have."""
    for name in ("not", "allOf", "anyOf", "oneOf"):
        given = values.get(name)
        if name == "not":
            if given is not None:
                yield from _complete_nested(given, structure, where, path.child("not"))
            continue
        for index, one in enumerate(given or ()):
            yield from _complete_nested(one, structure, where, path.child(name).at(index))


def _complete_nested(values: Json, structure: Json | None, where: Path, path: Path) -> Iterator[Error]:
    if structure is None:
        yield field.required(where, f"because it is defined in {path}")
        return
    yield from _complete(values, structure, where, path)
    if isinstance(items := values.get("items"), dict):
        inner = structure.get("items")
        yield from _complete_nested(cast("Json", items), inner, where.child("items"), path.child("items"))
    known: Json = structure.get("properties", {})
    properties: Json = values.get("properties", {})
    for name, one in properties.items():
        here, there = where.child("properties").key(name), path.child("properties").key(name)
        yield from _complete_nested(one, known.get(name), here, there)
