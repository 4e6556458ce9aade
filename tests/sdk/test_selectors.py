"""Label selectors and tolerations."""

import pytest

from podvisor.sdk import selectors, tolerations
from podvisor.sdk.objects import LabelSelector, Requirement
from podvisor.sdk.objects.core import Taint, Toleration

LABELS = {"app": "web", "tier": "front", "cores": "8"}


@pytest.mark.parametrize(
    ("operator", "key", "values", "met"),
    [
        ("In", "app", ["web", "db"], True),
        ("In", "app", ["db"], False),
        ("In", "missing", ["x"], False),
        ("NotIn", "app", ["db"], True),
        ("NotIn", "missing", ["x"], True),
        ("Exists", "app", [], True),
        ("Exists", "missing", [], False),
        ("DoesNotExist", "missing", [], True),
        ("DoesNotExist", "app", [], False),
        ("Gt", "cores", ["7"], True),
        ("Gt", "cores", ["8"], False),
        ("Lt", "cores", ["9"], True),
        ("Lt", "app", ["9"], False),
        ("Unheard", "app", ["web"], False),
    ],
)
def test_requirements(operator, key, values, met):
    assert selectors.meets([Requirement(key=key, operator=operator, values=values)], LABELS) is met


def test_no_selector_matches_nothing_and_an_empty_one_everything():
    assert not selectors.matches(None, LABELS)
    assert selectors.matches(LabelSelector(), LABELS)
    assert selectors.is_empty(LabelSelector())


def test_all_parts_of_a_selector_must_hold():
    exists = Requirement(key="tier", operator="Exists")
    assert selectors.matches(LabelSelector(match_labels={"app": "web"}, match_expressions=[exists]), LABELS)
    assert not selectors.matches(LabelSelector(match_labels={"app": "db"}, match_expressions=[exists]), LABELS)


def test_a_selector_has_a_text_that_means_the_same():
    expressions = [
        Requirement(key="tier", operator="NotIn", values=["back"]),
        Requirement(key="old", operator="DoesNotExist"),
        Requirement(key="a", operator="In", values=["b", "c"]),
    ]
    selector = LabelSelector(match_labels={"app": "web"}, match_expressions=expressions)
    assert selectors.text(selector) == "app=web,a in (b,c),!old,tier notin (back)"


@pytest.mark.parametrize(
    ("toleration", "borne"),
    [
        (Toleration(key="k", value="v", effect="NoSchedule"), True),
        (Toleration(key="k", value="v"), True),
        (Toleration(key="k", operator="Exists"), True),
        (Toleration(operator="Exists"), True),
        (Toleration(operator="Exists", effect="NoExecute"), False),
        (Toleration(key="k", value="other"), False),
        (Toleration(key="other", operator="Exists"), False),
        (Toleration(value="v"), False),
    ],
)
def test_tolerations(toleration, borne):
    assert tolerations.tolerates(toleration, Taint(key="k", value="v", effect="NoSchedule")) is borne


def test_the_first_taint_that_is_not_borne_is_named():
    taints = [
        Taint(key="a", effect="NoSchedule"),
        Taint(key="b", effect="NoExecute"),
        Taint(key="c", effect="NoSchedule"),
    ]
    borne = [Toleration(key="a", operator="Exists")]
    assert tolerations.untolerated(borne, taints, "NoSchedule") == taints[2]
    assert tolerations.untolerated(borne, taints, "NoSchedule", "NoExecute") == taints[1]
    assert tolerations.untolerated([Toleration(operator="Exists")], taints, "NoSchedule") is None
