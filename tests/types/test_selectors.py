"""Selectors: text, objects, matching."""

import pytest

from podvisor.types import field, selectors

LABELS = {"app": "web", "tier": "front", "size": "5", "empty": ""}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True), ("app=web", True), ("app==web", True), ("app=api", False), ("app!=api", True), ("none!=x", True),
        ("app in (web, api)", True), ("app notin (web)", False), ("none notin (x)", True), ("none in (x)", False),
        ("app", True), ("none", False), ("!none", True), ("!app", False), ("size>4", True), ("size<5", False),
        ("app>1", False), ("app=web,tier=front,!none", True), ("app=web,tier=back", False), ("empty=", True),
        ("example.com/x!=y", True), (" app = web , tier in (front) ", True),
    ],
)  # fmt: skip
def test_matching(text: str, matches: bool) -> None:
    assert selectors.parse(text).matches(LABELS) is matches


@pytest.mark.parametrize(
    "text", ["a b", "=x", "a in b", "a in (x", "a=b=c", ",", "a=?", "x>y", "!", "-a=b", "a=" + "x" * 64]
)
def test_what_is_no_selector(text: str) -> None:
    with pytest.raises(selectors.BadSelector):
        selectors.parse(text)


def test_fields() -> None:
    chosen = selectors.parse_fields(r"spec.nodeName=n1,status.phase!=Failed,a==x\,y")
    assert chosen.matches({"spec.nodeName": "n1", "status.phase": "Running", "a": "x,y"})
    assert not chosen.matches({"spec.nodeName": "n1", "status.phase": "Failed", "a": "x,y"})
    assert chosen.exact("spec.nodeName") == "n1"
    assert chosen.exact("status.phase") is None


def test_objects_become_text() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["b", "a"]},
        {"key": "x", "operator": "Exists"},
        {"key": "y", "operator": "DoesNotExist"},
    ]
    chosen = selectors.from_object({"matchLabels": {"app": "web"}, "matchExpressions": expressions})
    assert chosen is not None
    assert selectors.to_text(chosen) == "!y,app=web,tier in (a,b),x"
    assert selectors.parse(selectors.to_text(chosen)).matches({"app": "web", "tier": "a", "x": ""})
    assert selectors.from_object(None) is None


def test_objections_name_their_field() -> None:
    selector = {
        "matchLabels": {"a b": "c"},
        "matchExpressions": [{"key": "k", "operator": "In"}, {"key": "k", "operator": "Is"}],
    }
    found = [error.field for error in selectors.validate(selector, field.Path("spec.selector"))]
    assert found == [
        "spec.selector.matchLabels",
        "spec.selector.matchExpressions[0].values",
        "spec.selector.matchExpressions[1].operator",
    ]
