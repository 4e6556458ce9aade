"""How fast replicas may change: stabilization windows and policies."""

from datetime import UTC, datetime, timedelta

import pytest

from podvisor.controllers import scalinglimits
from podvisor.controllers.scalinglimits import Bounds, Decision, History, Moment
from podvisor.sdk.objects.autoscaling import Behavior, ScalingPolicy, ScalingRules

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def decide(wanted: int, current: int, behavior: Behavior | None = None, history: History | None = None, **bounds):
    limits = Bounds(current, bounds.get("least", 1), bounds.get("most", 100))
    return scalinglimits.decide(wanted, limits, behavior, history or History(), NOW)


@pytest.mark.parametrize(
    ("wanted", "current", "bounds", "expected", "limited"),
    [
        (3, 2, {}, 3, ("DesiredWithinRange", False)),
        (5, 1, {}, 4, ("ScaleUpLimit", True)),
        (30, 10, {}, 20, ("ScaleUpLimit", True)),
        (30, 10, {"most": 15}, 15, ("TooManyReplicas", True)),
        (0, 2, {"least": 2}, 2, ("TooFewReplicas", True)),
        (2, 2, {}, 2, ("DesiredWithinRange", False)),
    ],
)
def test_without_rules_the_replicas_at_most_double(wanted, current, bounds, expected, limited):
    found = decide(wanted, current, **bounds)
    assert (found.replicas, (found.limited[0], found.is_limited)) == (expected, limited)


def test_the_most_that_was_asked_for_lately_stays():
    history = History([Moment(ago(301), 50), Moment(ago(299), 8), Moment(ago(10), 6)])
    found = decide(3, 8, history=history)
    assert (found.replicas, found.able[0]) == (8, "ScaleDownStabilized")
    assert "highest recent recommendation" in found.able[1]
    assert [one.count for one in history.asked] == [8, 6, 3]


def test_what_was_asked_for_long_ago_is_forgotten():
    assert decide(3, 8, history=History([Moment(ago(301), 8)])).replicas == 3


UP = [
    ScalingPolicy(type="Pods", value=4, period_seconds=15),
    ScalingPolicy(type="Percent", value=100, period_seconds=15),
]
DOWN = [ScalingPolicy(type="Percent", value=100, period_seconds=15)]


def rules(up: ScalingRules | None = None, down: ScalingRules | None = None) -> Behavior:
    return Behavior(
        scale_up=up or ScalingRules(stabilization_window_seconds=0, policies=UP),
        scale_down=down or ScalingRules(stabilization_window_seconds=300, policies=DOWN),
    )


def limited(*policies: tuple[str, int, int], select: str = "Max", window: int = 0) -> ScalingRules:
    made = [ScalingPolicy(type=type, value=value, period_seconds=period) for type, value, period in policies]
    return ScalingRules(stabilization_window_seconds=window, select_policy=select, policies=made)


@pytest.mark.parametrize(
    ("up", "history", "current", "expected"),
    [
        (limited(("Pods", 2, 60)), History(), 10, 12),
        (limited(("Percent", 10, 60)), History(), 10, 11),
        (limited(("Percent", 1, 60)), History(), 10, 11),
        (limited(("Pods", 2, 60), ("Percent", 50, 60)), History(), 10, 15),
        (limited(("Pods", 2, 60), ("Percent", 50, 60), select="Min"), History(), 10, 12),
        (limited(("Pods", 2, 60), select="Disabled"), History(), 10, 10),
        (limited(("Pods", 5, 60)), History(grown=[Moment(ago(30), 3)]), 13, 15),
        (limited(("Pods", 5, 60)), History(grown=[Moment(ago(90), 3)]), 13, 18),
        (limited(("Pods", 5, 60)), History(grown=[Moment(ago(30), 9)]), 19, 19),
        (limited(("Pods", 5, 60)), History(shrunk=[Moment(ago(30), 4)]), 6, 15),
    ],
    ids=[
        "so many pods",
        "such a share",
        "a share of little is one",
        "the most of several policies",
        "the least of several policies",
        "disabled",
        "what was added counts",
        "what was added before the period does not",
        "more than allowed was added already",
        "what was taken away may come back",
    ],
)
def test_growing_is_limited_by_policies(up, history, current, expected):
    found = decide(90, current, rules(up=up), history)
    assert (found.replicas, found.limited[0], found.is_limited) == (expected, "ScaleUpLimit", True)


@pytest.mark.parametrize(
    ("down", "history", "current", "expected"),
    [
        (limited(("Pods", 2, 60)), History(), 10, 8),
        (limited(("Percent", 10, 60)), History(), 10, 9),
        (limited(("Percent", 15, 60)), History(), 10, 8),
        (limited(("Pods", 1, 60), ("Percent", 50, 60)), History(), 10, 5),
        (limited(("Pods", 1, 60), ("Percent", 50, 60), select="Min"), History(), 10, 9),
        (limited(("Pods", 2, 60), select="Disabled"), History(), 10, 10),
        (limited(("Pods", 5, 60)), History(shrunk=[Moment(ago(30), 3)]), 10, 8),
        (limited(("Pods", 5, 60)), History(shrunk=[Moment(ago(30), 7)]), 10, 10),
    ],
)
def test_shrinking_is_limited_by_policies(down, history, current, expected):
    found = decide(1, current, rules(down=down), history)
    assert (found.replicas, found.limited[0], found.is_limited) == (expected, "ScaleDownLimit", True)


def test_bounds_come_before_policies():
    assert decide(90, 10, rules(), most=12).limited[0] == "TooManyReplicas"
    assert decide(0, 10, rules(down=limited(("Percent", 100, 15))), least=3).limited[0] == "TooFewReplicas"


def test_growing_waits_for_the_least_of_its_window():
    up = limited(("Percent", 100, 15), window=60)
    found = decide(8, 5, rules(up=up), History([Moment(ago(30), 6), Moment(ago(90), 2)]))
    assert (found.replicas, found.able[0]) == (6, "ScaleUpStabilized")


def test_shrinking_waits_for_the_most_of_its_window():
    found = decide(3, 8, rules(), History([Moment(ago(200), 7), Moment(ago(400), 30)]))
    assert (found.replicas, found.able[0]) == (7, "ScaleDownStabilized")


def test_a_window_that_nobody_set_is_five_minutes():
    down = ScalingRules(policies=DOWN)
    assert decide(3, 8, rules(down=down), History([Moment(ago(290), 7)])).replicas == 7


def test_scalings_are_remembered_only_for_rules_and_as_long_as_their_periods():
    history = History(grown=[Moment(ago(90), 1), Moment(ago(30), 2)])
    history.note_scaling(3, 5, None, NOW)
    assert len(history.grown) == 2
    history.note_scaling(3, 5, rules(up=limited(("Pods", 1, 60))), NOW)
    assert [one.count for one in history.grown] == [2, 2]
    history.note_scaling(5, 1, rules(), NOW)
    assert [one.count for one in history.shrunk] == [4]


def test_a_decision_within_everything_says_so():
    found = decide(6, 5, rules())
    ready = ("ReadyForNewScale", "recommended size matches current size")
    fits = ("DesiredWithinRange", "the desired count is within the acceptable range")
    assert found == Decision(6, ready, fits, is_limited=False)
