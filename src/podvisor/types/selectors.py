"""Label and field selectors: their text form, their object form, and what they match.

https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors and
https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from podvisor.types import field, names

Operator = Literal["in", "notin", "exists", "absent", "gt", "lt"]

_TERM = re.compile(
    r"\s*(?:(?P<absent>!)\s*(?P<missing>[^\s=!,()<>]+)"
    r"|(?P<key>[^\s=!,()<>]+)\s*(?:(?P<set>in|notin)\s*\((?P<values>[^)]*)\)|(?P<op>==|=|!=|<|>)\s*(?P<value>[^\s,=!()<>]*))?)"
    r"\s*(?:,|\Z)"
)
_EXPRESSION: Mapping[str, Operator] = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}


class BadSelector(ValueError):
    """The text is no selector."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label or field."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether `labels` meet it. As in Kubernetes a missing key satisfies `notin`."""
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value is not None and value in self.values
            case "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None
            case "gt" | "lt":
                return _compares(self.operator, value, next(iter(self.values)))


@dataclass(frozen=True, slots=True)
class Selector:
    """All requirements must hold; none at all matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether `labels` meet every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)

    def exact(self, key: str) -> str | None:
        """The single value that `key` must have, if there is one."""
        for requirement in self.requirements:
            if requirement.key == key and requirement.operator == "in" and len(requirement.values) == 1:
                return next(iter(requirement.values))
        return None


EVERYTHING = Selector()


def parse(text: str) -> Selector:
    """A label selector: `a=b,c!=d,e in (f,g),!h,i`. Raises BadSelector."""
    return Selector(tuple(_terms(text)))


def parse_fields(text: str) -> Selector:
    """A field selector: `a=b,c!=d`. Raises BadSelector."""
    requirements: list[Requirement] = []
    for term in _split(text):
        key, operator, value = _field_term(term)
        requirements.append(Requirement(key, operator, frozenset((value,))))
    return Selector(tuple(requirements))


def from_object(selector: Mapping[str, Any] | None) -> Selector | None:
    """A `meta/v1` LabelSelector; None, which selects nothing, stays None."""
    if selector is None:
        return None
    equal = [Requirement(key, "in", frozenset((value,))) for key, value in selector.get("matchLabels", {}).items()]
    expressions = [
        Requirement(item["key"], _EXPRESSION[item["operator"]], frozenset(item.get("values", ())))
        for item in selector.get("matchExpressions", ())
    ]
    return Selector((*equal, *expressions))


def to_text(selector: Selector) -> str:
    """The text form, sorted by key, as Kubernetes writes it into `status.selector` of a Scale."""
    return ",".join(sorted(_term_text(requirement) for requirement in selector.requirements))


def validate(selector: Mapping[str, Any], path: field.Path) -> Sequence[field.Error]:
    """What is wrong with a `meta/v1` LabelSelector."""
    errors = list(names.labels(selector.get("matchLabels", {}), path.child("matchLabels")))
    for index, item in enumerate(selector.get("matchExpressions", ())):
        errors += _validate_expression(item, path.child("matchExpressions").at(index))
    return errors


def _validate_expression(item: Mapping[str, Any], path: field.Path) -> Sequence[field.Error]:
    operator, values = item.get("operator", ""), item.get("values", ())
    errors = list(names.label_key(item.get("key", ""), path.child("key")))
    if operator not in _EXPRESSION:
        errors.append(field.invalid(path.child("operator"), operator, "not a valid selector operator"))
    elif operator in ("In", "NotIn") and not values:
        errors.append(field.required(path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist") and values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(field.forbidden(path.child("values"), detail))
    for index, value in enumerate(values):
        errors += names.label_value(value, path.child("values").at(index))
    return errors


def _terms(text: str) -> Sequence[Requirement]:
    requirements: list[Requirement] = []
    position = 0
    while position < len(text):
        if not (term := _TERM.match(text, position)):
            raise BadSelector(f"unable to parse requirement: found {text[position:]!r}, in selector {text!r}")
        requirements.append(_requirement(term))
        position = term.end()
    return requirements


def _requirement(term: re.Match[str]) -> Requirement:
    key = term["key"] or term["missing"]
    if errors := [*names.label_key(key, field.Path("key"))]:
        raise BadSelector(f"unable to parse requirement: {errors[0]}")
    if term["absent"]:
        return Requirement(key, "absent")
    if term["set"]:
        return Requirement(key, "in" if term["set"] == "in" else "notin", _values(term["values"].split(",")))
    match term["op"]:
        case None:
            return Requirement(key, "exists")
        case "=" | "==":
            return Requirement(key, "in", _values([term["value"]]))
        case "!=":
            return Requirement(key, "notin", _values([term["value"]]))
        case ">":
            return Requirement(key, "gt", frozenset((_integer(term["value"]),)))
        case _:
            return Requirement(key, "lt", frozenset((_integer(term["value"]),)))


def _values(values: Sequence[str]) -> frozenset[str]:
    stripped = [value.strip() for value in values]
    for value in stripped:
        if errors := [*names.label_value(value, field.Path("values[0]"))]:
            raise BadSelector(f"unable to parse requirement: {errors[0]}")
    return frozenset(stripped)


def _integer(value: str) -> str:
    if not re.fullmatch(r"-?\d+", value):
        raise BadSelector(f"for 'Gt', 'Lt' operators, the value must be an integer: {value!r}")
    return value


def _compares(operator: str, value: str | None, bound: str) -> bool:
    try:
        number = int(value or "")
    except ValueError:
        return False
    return number > int(bound) if operator == "gt" else number < int(bound)


def _split(text: str) -> Sequence[str]:
    """The terms of a field selector; `\\,` `\\=` and `\\\\` stand for the character itself."""
    return [term for term in re.split(r"(?<!\\),", text) if term]


def _field_term(term: str) -> tuple[str, Operator, str]:
    signs: Sequence[tuple[str, Operator]] = (("!=", "notin"), ("==", "in"), ("=", "in"))
    for sign, operator in signs:
        key, found, value = term.partition(sign)
        if found:
            return key, operator, re.sub(r"\\(.)", r"\1", value)
    raise BadSelector(f"invalid selector: '{term}'; can't understand '{term}'")


def _term_text(requirement: Requirement) -> str:
    values = ",".join(sorted(requirement.values))
    match requirement.operator:
        case "exists":
            return requirement.key
        case "absent":
            return f"!{requirement.key}"
        case "in" if len(requirement.values) == 1:
            return f"{requirement.key}={values}"
        case "gt":
            return f"{requirement.key}>{values}"
        case "lt":
            return f"{requirement.key}<{values}"
        case _:
            return f"{requirement.key} {requirement.operator} ({values})"
