"""What a schema demands of values, compiled, and what it says where they do not meet it.

The words, and which of several failed alternatives is reported, are those of kube-openapi's `pkg/validation/validate`
and of apiextensions-apiserver's `pkg/apiserver/validation`. What was wrong before and has not changed is let pass.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from podvisor.types import field as fields
from podvisor.types import regex
from podvisor.types.field import Error
from podvisor.types.structural import formats, go

Json = dict[str, Any]

NOTHING: Any = object()
"""In place of an old value where there is none."""
_NOWHERE = "<nil>"
"""Where a failed combination of schemas is reported."""


@dataclass(slots=True)
class Findings:
    """Objections to one value and what is below it, and how much of it was looked at."""

    errors: list[Error] = field(default_factory=list[Error])
    checks: int = 0
    """Of several failed alternatives the one of which most was looked at is reported."""

    def merge(self, other: "Findings") -> None:
        """Add what was found elsewhere."""
        self.errors += other.errors
        self.checks += other.checks


Test = Callable[[Any, str], Iterator[Error]]
"""Objections to a value at a place."""


class Validator:
    """One schema."""

    __slots__ = (
        "_additional",
        "_all",
        "_any",
        "_enum",
        "_format",
        "_format_name",
        "_items",
        "_keys",
        "_kinds",
        "_list_type",
        "_not",
        "_nullable",
        "_one",
        "_only_known",
        "_properties",
        "_required",
        "_tests",
    )

    def __init__(self, schema: Json) -> None:
        kinds = (schema["type"],) if schema.get("type") else ()
        self._kinds: Sequence[str] = ("integer", "string") if schema.get("x-kubernetes-int-or-string") else kinds
        self._nullable = bool(schema.get("nullable"))
        self._format_name: str = schema.get("format", "")
        self._format = formats.known(self._format_name) if self._format_name else None
        if self._format is None:
            self._format_name = ""
        self._enum: Sequence[Any] = schema.get("enum", ())
        self._required: Sequence[str] = schema.get("required", ())
        properties: Json = schema.get("properties", {})
        self._properties: Mapping[str, Validator] = {name: Validator(one) for name, one in properties.items()}
        additional = schema.get("additionalProperties")
        self._additional = Validator(cast("Json", additional)) if isinstance(additional, dict) else None
        self._only_known = additional is False
        items = schema.get("items")
        self._items = Validator(cast("Json", items)) if isinstance(items, dict) else None
        self._list_type: str = schema.get("x-kubernetes-list-type", "atomic")
        self._keys: Sequence[str] = schema.get("x-kubernetes-list-map-keys", ())
        self._all, self._any, self._one = (
            [Validator(one) for one in schema.get(name, ())] for name in ("allOf", "anyOf", "oneOf")
        )
        self._not = Validator(schema["not"]) if schema.get("not") is not None else None
        self._tests = _tests(schema)

    def errors(self, value: Any, old: Any = NOTHING, prefix: str = "") -> Iterator[Error]:
        """Objections to a value; to what has changed of it, if there is an old one. Places begin with `prefix`."""
        for error in self._check(value, "", old).errors:
            place = error.field.removeprefix(".") if error.field != _NOWHERE else ""
            where = ".".join(part for part in (prefix, place) if part) or _NOWHERE
            yield Error(where, error.reason, error.message)

    def _check(self, value: Any, path: str, old: Any) -> Findings:
        found = self._look(value, path, old)
        if found.errors and old is not NOTHING and _same(value, old):
            found.errors = []
        return found

    def _look(self, value: Any, path: str, old: Any) -> Findings:
        """Every objection; what has not changed is let pass only below. Checks are counted as kube-openapi counts."""
        found = Findings()
        if value is None:
            found.errors += self._null(path)
            return found
        wrong = list(self._type(value, path))
        found.errors += wrong
        found.checks += 2 + (2 - len(wrong) if self._kinds or self._format_name else 0)
        self._combined(value, path, old, found)
        self._simple(value, path, found)
        if isinstance(value, list):
            self._list(cast("list[Any]", value), path, old, found)
        found.errors += self._unlisted(value, path)
        if isinstance(value, dict):
            self._object(cast("Json", value), path, old, found)
        return found

    def _null(self, path: str) -> Iterator[Error]:
        if self._kinds and not self._nullable:
            yield _wrong_type(path, ",".join(self._kinds), "null")
        yield from self._unlisted(None, path)

    def _type(self, value: Any, path: str) -> Iterator[Error]:
        if not self._kinds and not self._format_name:
            return
        kind = _kind(value)
        is_text = isinstance(value, str | list)
        fits = kind in self._kinds or (kind == "integer" and "number" in self._kinds)
        fits = fits or (isinstance(value, float) and value.is_integer() and "integer" in self._kinds)
        if self._format_name and not fits and not is_text:
            yield _wrong_type(path, self._format_name, {"integer": "int64", "number": "float64"}.get(kind, ""))
        elif self._format_name and is_text and not {"number", "integer"} & set(self._kinds):
            return
        elif not fits:
            yield _wrong_type(path, ",".join(self._kinds), kind)

    def _combined(self, value: Any, path: str, old: Any, found: Findings) -> None:
        found.checks += 2
        if self._any:
            tried = [one._look(value, path, old) for one in self._any]
            if (good := next((one for one in tried if not one.errors), None)) is not None:
                found.checks += good.checks
            else:
                found.errors.append(_combination(f'"{path}" must validate at least one schema (anyOf)'))
                found.merge(_best(tried))
        if self._one:
            self._exactly_one(value, path, old, found)
        if self._all:
            tried = [one._look(value, path, old) for one in self._all]
            for one in tried:
                found.merge(one)
            if (good := sum(not one.errors for one in tried)) != len(tried):
                more = "" if good else ". None validated"
                found.errors.append(_combination(f'"{path}" must validate all the schemas (allOf){more}'))
        if self._not is not None and not self._not._look(value, path, old).errors:
            found.errors.append(_combination(f'"{path}" must not validate the schema (not)'))

    def _exactly_one(self, value: Any, path: str, old: Any, found: Findings) -> None:
        tried = [one._look(value, path, old) for one in self._one]
        good = [one for one in tried if not one.errors]
        if len(good) == 1:
            found.checks += good[0].checks
            return
        why = f"Found {len(good)} valid alternatives" if good else "Found none valid"
        found.errors.append(_combination(f'"{path}" must validate one and only one schema (oneOf). {why}'))
        if not good:
            found.merge(_best(tried))

    def _simple(self, value: Any, path: str, found: Findings) -> None:
        if isinstance(value, str):
            found.checks += 1 + (self._format is not None)
            if self._format is not None and not self._format(value):
                found.errors.append(_invalid(path, value, _must_be(path, self._format_name, value)))
        elif go.is_number(value):
            found.checks += 2
        for applies, test in self._tests:
            if applies(value) and (wrong := next(test(value, path), None)) is not None:
                found.errors.append(wrong)
                if isinstance(value, str):
                    break

    def _unlisted(self, value: Any, path: str) -> Iterator[Error]:
        if self._enum and not any(_same(value, one) for one in self._enum):
            known = ", ".join(orjson.dumps(one if isinstance(one, str) else _json(one)).decode() for one in self._enum)
            text = f"Unsupported value: {go.shown(value)}: supported values: {known}"
            yield Error(path or _NOWHERE, "FieldValueNotSupported", text)

    def _list(self, value: list[Any], path: str, old: Any, found: Findings) -> None:
        found.checks += 2
        if self._items is None:
            return
        correlated = self._correlated(value, old)
        for index, item in enumerate(value):
            found.merge(self._items._check(item, f"{path}[{index}]", correlated(item)))

    def _correlated(self, value: list[Any], old: Any) -> Callable[[Any], Any]:
        """What an item of a list was before: only those of a map are the same items as before."""
        if self._list_type != "map" or not isinstance(old, list):
            return lambda _: NOTHING
        before = {self._key(item): item for item in cast("list[Any]", old)}
        return lambda item: before.get(self._key(item), NOTHING)

    def _key(self, item: Any) -> bytes:
        return orjson.dumps([cast("Json", item).get(name) for name in self._keys] if isinstance(item, dict) else item)

    def _object(self, value: Json, path: str, old: Any, found: Findings) -> None:
        found.checks += 1
        before: Json = cast("Json", old) if isinstance(old, dict) else {}
        for name, item in value.items():
            if (known := self._properties.get(name)) is not None:
                found.merge(known._check(item, f"{path}.{name}" if path else name, before.get(name, NOTHING)))
            elif self._additional is not None:
                found.merge(self._additional._check(item, f"{path}.{name}", before.get(name, NOTHING)))
            elif self._only_known:
                found.errors.append(_invalid(path, name, f"{path}.{name} in body is a forbidden property"))
        found.errors += [fields.required(f"{path}.{name}") for name in self._required if name not in value]


def _best(tried: Sequence[Findings]) -> Findings:
    """Of failed alternatives the first of which most was looked at."""
    return max(tried, key=lambda one: one.checks)


def _tests(schema: Json) -> list[tuple[Callable[[Any], bool], Test]]:
    """The demands of a schema on single values."""
    made: list[tuple[Callable[[Any], bool], Test]] = []
    for name, applies, make in _DEMANDS:
        if (wanted := schema.get(name)) is not None and wanted != "" and wanted is not False:
            made.append((applies, make(wanted, schema)))
    return made


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _max_length(wanted: int, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        if len(value) > wanted:
            yield fields.too_long(path, wanted)

    return test


def _min_length(wanted: int, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        if len(value) < wanted:
            yield _invalid(path, value, f"{path} in body should be at least {wanted} chars long")

    return test


def _pattern(wanted: str, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        try:
            holds = regex.compile(wanted).matches(value)
        except regex.InvalidPattern as error:
            detail = f"{path} in body should match '{wanted}, but pattern is invalid: {error}'"
            yield _invalid(path, value, detail)
            return
        if not holds:
            yield _invalid(path, value, f"{path} in body should match '{wanted}'")

    return test


def _multiple_of(wanted: float, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        factor = _limit(wanted, value)
        if factor <= 0:
            # Of half a unit, whole numbers are no multiples: the real server says so.
            detail = f"factor MultipleOf declared for {path} must be positive: {go.number(factor)}"
            yield _invalid(path, factor, detail)
            return
        quotient = value / factor
        fits = value % factor == 0 or math.isclose(quotient, round(quotient), rel_tol=1e-9, abs_tol=1e-9)
        if not fits:
            yield _invalid(path, value, f"{path} in body should be a multiple of {go.number(factor)}")

    return test


def _limit(wanted: float, value: float) -> float:
    """A number of a schema as it is compared with a value: as a whole number with whole numbers."""
    return int(wanted) if isinstance(value, int) else float(wanted)


def _maximum(wanted: float, schema: Json) -> Test:
    exclusive = bool(schema.get("exclusiveMaximum"))
    word = "less than" if exclusive else "less than or equal to"

    def test(value: Any, path: str) -> Iterator[Error]:
        limit = _limit(wanted, value)
        if value > limit or (exclusive and value == limit):
            yield _invalid(path, value, f"{path} in body should be {word} {go.number(limit)}")

    return test


def _minimum(wanted: float, schema: Json) -> Test:
    exclusive = bool(schema.get("exclusiveMinimum"))
    word = "greater than" if exclusive else "greater than or equal to"

    def test(value: Any, path: str) -> Iterator[Error]:
        limit = _limit(wanted, value)
        if value < limit or (exclusive and value == limit):
            yield _invalid(path, value, f"{path} in body should be {word} {go.number(limit)}")

    return test


def _min_items(wanted: int, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        if len(value) < wanted:
            yield _invalid(path, len(value), f"{path} in body should have at least {wanted} items")

    return test


def _max_items(wanted: int, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        if len(value) > wanted:
            yield fields.too_many(path, len(value), wanted)

    return test


def _unique_items(_: bool, __: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        if len({orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in value}) < len(value):
            yield _invalid(path, "", f"{path} in body shouldn't contain duplicates")

    return test


def _min_properties(wanted: int, _: Json) -> Test:
    def test(value: Any, path: str) -> Iterator[Error]:
        if len(value) < wanted:
            yield _invalid(path, len(value), f"{path} in body should have at least {wanted} properties")

    return test


_DEMANDS: Sequence[tuple[str, Callable[[Any], bool], Callable[[Any, Json], Test]]] = (
    ("maxLength", _is_text, _max_length),
    ("minLength", _is_text, _min_length),
    ("pattern", _is_text, _pattern),
    ("multipleOf", go.is_number, _multiple_of),
    ("maximum", go.is_number, _maximum),
    ("minimum", go.is_number, _minimum),
    ("minItems", _is_list, _min_items),
    ("maxItems", _is_list, _max_items),
    ("uniqueItems", _is_list, _unique_items),
    ("minProperties", _is_object, _min_properties),
    ("maxProperties", _is_object, _max_items),
)


def _same(left: Any, right: Any) -> bool:
    """True if two values are the same JSON; 1 and true are not."""
    if left is None or isinstance(left, str | bool):
        return type(left) is type(right) and left == right
    if go.is_number(left) and go.is_number(right):
        return bool(left == right)
    return orjson.dumps(left, option=orjson.OPT_SORT_KEYS) == orjson.dumps(right, option=orjson.OPT_SORT_KEYS)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def _json(value: Any) -> str:
    return go.number(value) if go.is_number(value) else orjson.dumps(value).decode()


def _wrong_type(path: str, wanted: str, kind: str) -> Error:
    return Error(path, "FieldValueTypeInvalid", f'Invalid value: "{kind}": {_must_be(path, wanted, kind)}')


def _must_be(path: str, wanted: str, given: str) -> str:
    return f"{path} in body must be of type {wanted}: {orjson.dumps(given).decode()}"


def _invalid(path: str, value: Any, detail: str) -> Error:
    return Error(path, "FieldValueInvalid", f"Invalid value: {go.shown(value)}: {detail}")


def _combination(detail: str) -> Error:
    return _invalid(_NOWHERE, "", detail)
