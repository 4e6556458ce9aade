"""From what the metrics ask for to what is done: stabilized, and no faster than the rules of `behavior` allow.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior . Functions of
the rules and of what an autoscaler remembers of itself (`History`).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podvisor.sdk.objects.autoscaling import Behavior, ScalingPolicy, ScalingRules

DOWNSCALE = timedelta(minutes=5)
"""`--horizontal-pod-autoscaler-downscale-stabilization`."""
FACTOR, MINIMUM = 2, 4
"""Without rules of its own an autoscaler at most doubles the replicas at once, or makes four."""
_FITS = ("DesiredWithinRange", "the desired count is within the acceptable range")
_READY = ("ReadyForNewScale", "recommended size matches current size")
_TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
_TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
_TOO_FAST_UP = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
_TOO_FAST_DOWN = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
_WAS_LOWER = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
)
_WAS_HIGHER = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
)
Why = tuple[str, str]
"""A condition's reason and message."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A number at a time: of replicas that were asked for, or by how many they were changed."""

    time: datetime
    count: int


@dataclass(slots=True)
class History:
    """What an autoscaler remembers: what it was asked for, and what it did."""

    asked: list[Moment] = field(default_factory=list[Moment])
    grown: list[Moment] = field(default_factory=list[Moment])
    shrunk: list[Moment] = field(default_factory=list[Moment])

    def note_scaling(self, before: int, after: int, behavior: Behavior | None, now: datetime) -> None:
        """The replicas were changed. Only rules look back at that."""
        if behavior is None:
            return
        rules, moments = (behavior.scale_up, self.grown) if after > before else (behavior.scale_down, self.shrunk)
        longest = timedelta(seconds=max((one.period_seconds for one in rules.policies), default=0))
        moments[:] = [one for one in moments if one.time >= now - longest]
        moments.append(Moment(now, abs(after - before)))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many replicas there are, and between which numbers they are to be."""

    current: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Decision:
    """How many replicas there are to be, and what the conditions say of that."""

    replicas: int
    able: Why
    """For AbleToScale, which is true."""
    limited: Why
    is_limited: bool


def decide(wanted: int, bounds: Bounds, behavior: Behavior | None, history: History, now: datetime) -> Decision:
    """What to do where the metrics ask for `wanted`; takes note of that."""
    if behavior is None:
        stable, why = _stable(wanted, history, now), _WAS_HIGHER
        replicas, limit = _within(stable, bounds)
    else:
        stable, why = _stable_by_rules(wanted, bounds.current, behavior, history, now)
        replicas, limit = _within_rules(stable, bounds, behavior, history, now)
    able = why if stable != wanted else _READY
    return Decision(replicas, able, limit, is_limited=replicas != stable)


def _stable(wanted: int, history: History, now: datetime) -> int:
    """The most that was asked for lately."""
    recent = [one.count for one in history.asked if one.time >= now - DOWNSCALE]
    _note(history, wanted, now, now - DOWNSCALE)
    return max([wanted, *recent])


def _stable_by_rules(wanted: int, current: int, rules: Behavior, history: History, now: datetime) -> tuple[int, Why]:
    """As little up as was asked for in the window of the one direction, as little down as in that of the other."""
    up_since, down_since = (now - _window(one) for one in (rules.scale_up, rules.scale_down))
    least = min([wanted, *(one.count for one in history.asked if one.time > up_since)])
    most = max([wanted, *(one.count for one in history.asked if one.time > down_since)])
    _note(history, wanted, now, min(up_since, down_since))
    return min(max(current, least), most), _WAS_LOWER if wanted >= current else _WAS_HIGHER


def _window(rules: ScalingRules) -> timedelta:
    seconds = rules.stabilization_window_seconds
    return DOWNSCALE if seconds is None else timedelta(seconds=seconds)


def _note(history: History, wanted: int, now: datetime, since: datetime) -> None:
    history.asked[:] = [one for one in history.asked if one.time >= since]
    history.asked.append(Moment(now, wanted))


def _within(wanted: int, bounds: Bounds) -> tuple[int, Why]:
    fastest = max(FACTOR * bounds.current, MINIMUM)
    most, why = (fastest, _TOO_FAST_UP) if bounds.most > fastest else (bounds.most, _TOO_MANY)
    if wanted < bounds.least:
        return bounds.least, _TOO_FEW
    return (most, why) if wanted > most else (wanted, _FITS)


def _within_rules(wanted: int, bounds: Bounds, rules: Behavior, history: History, now: datetime) -> tuple[int, Why]:
    if wanted > bounds.current:
        fastest = max(_most_by(rules.scale_up, bounds.current, history, now), bounds.current)
        most, why = (fastest, _TOO_FAST_UP) if bounds.most > fastest else (bounds.most, _TOO_MANY)
        if wanted > most:
            return most, why
    elif wanted < bounds.current:
        fastest = min(_least_by(rules.scale_down, bounds.current, history, now), bounds.current)
        least, why = (fastest, _TOO_FAST_DOWN) if bounds.least < fastest else (bounds.least, _TOO_FEW)
        if wanted < least:
            return least, why
    return wanted, _FITS


def _most_by(rules: ScalingRules, current: int, history: History, now: datetime) -> int:
    if rules.select_policy == "Disabled":
        return current
    proposed = [
        # Rounded up: a share of little must not mean that nothing ever grows.
        began + one.value if one.type == "Pods" else math.ceil(began * (1 + one.value / 100))
        for one, began in _began(rules, current, history, now)
    ]
    return min(proposed) if rules.select_policy == "Min" else max(proposed)


def _least_by(rules: ScalingRules, current: int, history: History, now: datetime) -> int:
    if rules.select_policy == "Disabled":
        return current
    proposed = [
        began - one.value if one.type == "Pods" else int(began * (1 - one.value / 100))
        for one, began in _began(rules, current, history, now)
    ]
    return max(proposed) if rules.select_policy == "Min" else min(proposed)


def _began(rules: ScalingRules, current: int, history: History, now: datetime) -> Iterable[tuple[ScalingPolicy, int]]:
    """Each policy, with the replicas that there were when its period began."""
    for one in rules.policies:
        since = now - timedelta(seconds=one.period_seconds)
        yield one, current - _changed(history.grown, since) + _changed(history.shrunk, since)


def _changed(moments: Sequence[Moment], since: datetime) -> int:
    return sum(one.count for one in moments if one.time > since)
