"""Sets of fields, as FieldsV1 writes them."""

import random
from typing import Any

import pytest

from podvisor.types.managed import elements, sets

ELEMENTS = ("f:a", "f:b", 'k:{"port":80}', 'k:{"port":9}', 'v:"x"', "i:3")


def drawn(source: random.Random, depth: int = 3) -> sets.Fields:
    """A set at random."""
    result: sets.Fields = {}
    for element in source.sample(ELEMENTS, source.randrange(len(ELEMENTS))):
        below = drawn(source, depth - 1) if depth else {}
        result[element] = sets.node(below, member=source.random() < 0.5) or {}
    return result


def members(fields: sets.Fields) -> set[sets.Path]:
    return set(sets.paths(fields))


@pytest.mark.parametrize("seed", range(200))
def test_operations_are_those_of_sets_of_paths(seed: int) -> None:
    source = random.Random(seed)
    left, right = drawn(source), drawn(source)
    ours, theirs = members(left), members(right)
    assert members(sets.union(left, right)) == ours | theirs
    assert members(sets.intersection(left, right)) == ours & theirs
    assert members(sets.difference(left, right)) == ours - theirs
    below = {path for path in ours if any(path[: length + 1] in theirs for length in range(len(path)))}
    assert members(sets.without(left, right)) == ours - below
    assert all(sets.has(left, path) for path in ours)
    assert sets.read(sets.ordered(left)) == left


def test_a_difference_leaves_no_empty_branches() -> None:
    assert sets.difference({"f:a": {"f:b": {}}}, {"f:a": {"f:b": {}}}) == {}


def test_a_member_that_is_taken_away_leaves_what_lies_below() -> None:
    assert sets.difference({"f:a": {".": {}, "f:b": {}}}, {"f:a": {}}) == {"f:a": {"f:b": {}}}


def test_elements_are_ordered_by_kind_and_by_value_rather_than_by_text() -> None:
    given = ["v:10", "i:2", 'k:{"port":80}', 'v:"a"', "f:b", 'k:{"port":9}', "v:9", "f:a"]
    wanted = ["f:a", "f:b", 'k:{"port":9}', 'k:{"port":80}', "v:9", "v:10", 'v:"a"', "i:2"]
    assert sorted(given, key=elements.order) == wanted


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ('k:{"protocol":"TCP", "port":80.0}', 'k:{"port":80,"protocol":"TCP"}'),
        ('v:"a<b"', 'v:"a\\u003cb"'),
        ("f:a.b/c", "f:a.b/c"),
        ("x:new", None),
    ],
)
def test_an_element_has_one_writing(written: str, wanted: str | None) -> None:
    assert elements.canonical(written) == wanted


@pytest.mark.parametrize("wrong", ["", "f", "fa", "k:[]", "k:{", "i:x", "v:"])
def test_a_wrong_element_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        elements.canonical(wrong)


@pytest.mark.parametrize("wrong", [None, [], {"f:a": 1}, {"a": {}}])
def test_a_wrong_set_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        sets.read(wrong)


def test_a_path_is_shown_as_messages_name_it() -> None:
    path = ("f:spec", "f:ports", 'k:{"port":80,"protocol":"TCP"}', "f:name")
    assert sets.shown(path) == '.spec.ports[port=80,protocol="TCP"].name'
    assert sets.shown(("f:finalizers", 'v:"a"')) == '.finalizers[="a"]'
