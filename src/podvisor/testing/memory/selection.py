"""Label and field selectors as a request spells them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

Predicate = Callable[[Mapping[str, Any]], bool]

_TERM = re.compile(r"\s*([^,()]+(?:\([^)]*\))?)\s*(?:,|$)")
_SET = re.compile(r"^(\S+)\s+(in|notin)\s+\(([^)]*)\)$")


def predicate(labels: str, fields: str) -> Predicate:
    """Whether an object satisfies both selectors; empty ones are satisfied by all."""
    tests = [_label(term.strip()) for term in _TERM.findall(labels)]
    wanted = [_field(term.strip()) for term in fields.split(",") if term.strip()]

    def matches(thing: Mapping[str, Any]) -> bool:
        present: dict[str, str] = thing["metadata"].get("labels") or {}
        return all(test(present) for test in tests) and all(test(thing) for test in wanted)

    return matches


def _label(term: str) -> Predicate:
    if found := _SET.match(term):
        key, operator, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        return lambda labels: (labels.get(key) in values) == (operator == "in")
    if term.startswith("!"):
        return lambda labels: term[1:] not in labels
    if "!=" in term:
        key, value = term.split("!=")
        return lambda labels: labels.get(key) != value
    if "=" in term:
        key, value = re.split("==?", term)
        return lambda labels: labels.get(key) == value
    return lambda labels: term in labels


def _field(term: str) -> Predicate:
    negated = "!=" in term
    path, value = re.split("!=|==?", term)

    def matches(thing: Mapping[str, Any]) -> bool:
        found: Any = thing
        for name in path.split("."):
            found = found.get(name) or {}
        return (value == ("" if found == {} else str(found))) != negated

    return matches
