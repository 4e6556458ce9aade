"""The engine that reads a kind's table of rules."""

from collections.abc import Iterator
from typing import Any

import pytest

from podvisor.types import field, names, rules

Causes = list[tuple[str, str, str]]


def causes(rule: rules.Rule, new: Any, old: Any = None) -> Causes:
    found = rules.check((rule,), new, old)
    return [(error.reason.removeprefix("FieldValue"), error.field, error.message) for error in found]


AT_LEAST = rules.field("spec", rules.field("n", rules.at_least(1)))
UNION = rules.field("source", rules.exactly_one_of(("a", "b"), "must say which", "may not be two"))
SAMPLES: list[tuple[rules.Rule, Any, Causes]] = [
    (AT_LEAST, {"spec": {"n": 0}}, [("Invalid", "spec.n", "Invalid value: 0: must be greater than or equal to 1")]),
    (AT_LEAST, {"spec": {}}, []),
    (AT_LEAST, {}, []),
    (rules.field("n", rules.required("why")), {"n": ""}, [("Required", "n", "Required value: why")]),
    (rules.field("n", rules.required(), rules.one_of("x")), {"n": ""}, [("Required", "n", "Required value")]),
    (rules.field("n", rules.required()), {"n": 0}, []),
    (
        rules.field("w", rules.in_range(1, 100), otherwise=0),
        {},
        [("Invalid", "w", "Invalid value: 0: must be between 1 and 100, inclusive")],
    ),
    (
        rules.field("t", rules.one_of("B", "A")),
        {"t": "C"},
        [("NotSupported", "t", 'Unsupported value: "C": supported values: "B", "A"')],
    ),
    (
        rules.field("l", rules.each(rules.field("p", rules.port()))),
        {"l": [{"p": 1}, {"p": 0}, {}]},
        [("Invalid", "l[1].p", "Invalid value: 0: must be between 1 and 65535, inclusive")],
    ),
    (
        rules.field("m", rules.each_value(rules.max_bytes(2))),
        {"m": {"k": "abc", "l": "ab"}},
        [("TooLong", "m[k]", "Too long: may not be more than 2 bytes")],
    ),
    (
        rules.field("m", rules.each_key(rules.matches(names.config_key))),
        {"m": {"..": ""}},
        [("Invalid", "m[..]", "Invalid value: \"..\": must not be '..'")],
    ),
    (
        rules.field("l", rules.unique_by("n")),
        {"l": [{"n": "a"}, {"n": "a"}]},
        [("Duplicate", "l[1].n", 'Duplicate value: "a"')],
    ),
    (rules.field("l", rules.unique_by("n")), {"l": [{}, {}]}, []),
    (
        rules.field("l", rules.unique_by("a", "b")),
        {"l": [{"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2}]},
        [("Duplicate", "l[2]", 'Duplicate value: {"a":1,"b":2}')],
    ),
    (rules.field("l", rules.unique()), {"l": ["a", "b", "a"]}, [("Duplicate", "l[2]", 'Duplicate value: "a"')]),
    (rules.field("l", rules.max_items(1)), {"l": [1, 2]}, [("TooMany", "l", "Too many: 2: must have at most 1 items")]),
    (rules.field("l", rules.min_items(1, "one")), {}, [("Required", "l", "Required value: one")]),
    (UNION, {"source": {}}, [("Required", "source", "Required value: must say which")]),
    (UNION, {"source": {"a": {}, "b": {}}}, [("Forbidden", "source.b", "Forbidden: may not be two")]),
    (UNION, {"source": {"b": {}}}, []),
    (rules.required_with("a", "b", "why"), {"b": 1}, [("Required", "a", "Required value: why")]),
    (rules.forbidden_with("a", "b", "why"), {"a": 1, "b": 1}, [("Forbidden", "a", "Forbidden: why")]),
    (rules.forbidden_with("a", "b", "why"), {"a": 1}, []),
    (
        rules.when(rules.equals("t", "x"), rules.field("a", rules.forbidden("not with x"))),
        {"t": "x", "a": 1},
        [("Forbidden", "a", "Forbidden: not with x")],
    ),
    (rules.when(rules.equals("t", "x"), rules.field("a", rules.forbidden("not with x"))), {"t": "y", "a": 1}, []),
    (
        rules.first(rules.field("a", rules.at_least(1)), rules.field("b", rules.at_least(1))),
        {"a": 0, "b": 0},
        [("Invalid", "a", "Invalid value: 0: must be greater than or equal to 1")],
    ),
    (
        rules.field("q", rules.no_negative_amount()),
        {"q": "-1Mi"},
        [("Invalid", "q", 'Invalid value: "-1Mi": must be greater than or equal to 0')],
    ),
]


@pytest.mark.parametrize(("rule", "new", "expected"), SAMPLES)
def test_rules_object_in_kubernetes_words(rule: rules.Rule, new: Any, expected: Causes) -> None:
    assert causes(rule, new) == expected


CHANGES: list[tuple[rules.Rule, Any, Any, Causes]] = [
    (rules.immutable(), 2, 1, [("Invalid", "a", "Invalid value: 2: field is immutable")]),
    (rules.immutable(), None, 1, [("Invalid", "a", "Invalid value: null: field is immutable")]),
    (rules.immutable(), [], None, []),
    (rules.forbidden_change("no"), 2, 1, [("Forbidden", "a", "Forbidden: no")]),
    (rules.set_once(), 2, 1, [("Invalid", "a", "Invalid value: 2: may not change once set")]),
    (rules.set_once(), 2, None, []),
    (rules.when_creating(rules.forbidden("not yet")), 2, 1, []),
    (rules.when_updating(rules.forbidden("no more")), 2, 1, [("Forbidden", "a", "Forbidden: no more")]),
]


@pytest.mark.parametrize(("rule", "new", "old", "expected"), CHANGES)
def test_changes_are_objected_to_and_new_objects_are_not(
    rule: rules.Rule, new: Any, old: Any, expected: Causes
) -> None:
    assert causes(rules.field("a", rule), {"a": new}, {"a": old}) == expected


def test_errors_come_in_the_order_of_the_table() -> None:
    table = rules.field("b", rules.at_least(1)), rules.field("a", rules.at_least(1))
    assert [error.field for error in rules.check(table, {"a": 0, "b": 0})] == ["b", "a"]


def test_a_rule_finds_what_is_above_it() -> None:
    def mounted(at: rules.At) -> Iterator[field.Error]:
        if at.value not in at.inside("pod").listed("volumes"):
            yield field.not_found(at.path, at.value)

    table = rules.scope("pod", rules.field("containers", rules.each(rules.field("mount", mounted))))
    pod = {"volumes": ["v"], "containers": [{"mount": "v"}, {"mount": "w"}]}
    assert causes(table, pod) == [("NotFound", "containers[1].mount", 'Not found: "w"')]
    with pytest.raises(KeyError):
        rules.At(1).inside("pod")


def test_every_rule_of_a_table_can_be_listed() -> None:
    table = (rules.field("a", rules.required(), rules.each(rules.field("b", rules.at_least(1)))), rules.unique())
    listed = [(path, repr(rule)) for path, rule in rules.leaves(table)]
    assert listed == [("a", "required"), ("a.b", "at_least(1)"), ("", "unique")]
