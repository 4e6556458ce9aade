"""Whether the node is under pressure: a function of thresholds, of what is observed and of what was before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from podvisor.node.eviction.thresholds import Observations, Settings, Threshold


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered from one look to the next."""

    first: Mapping[Threshold, datetime] = field(default_factory=dict[Threshold, datetime])
    """Since when each threshold is met that is."""
    last: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """When each condition of the node had a cause last."""
    acting: Sequence[Threshold] = ()
    """Those that something was to be done about."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """What follows from a look."""

    conditions: frozenset[str]
    """Those that are true of the node."""
    acting: Sequence[Threshold]
    """What something is to be done about now, the most urgent first."""


def met(thresholds: Iterable[Threshold], seen: Observations, *, reclaimed: bool = False) -> list[Threshold]:
    """Those that are met; with `reclaimed` they are until the minimum that is to be reclaimed is available as well."""
    found: list[Threshold] = []
    for one in thresholds:
        if (observed := seen.get(one.signal)) is None:
            continue
        wanted = one.value.of(observed.capacity) + (one.reclaim.of(observed.capacity) if reclaimed else 0)
        if observed.available < wanted:
            found.append(one)
    return found


def look(settings: Settings, state: State, seen: Observations, now: datetime) -> tuple[State, Pressure]:
    """The next state and what follows. What was acted upon stays until its minimum is reclaimed."""
    current = met(settings.thresholds, seen)
    current += [one for one in met(state.acting, seen, reclaimed=True) if one not in current]
    first = {one: state.first.get(one, now) for one in current}
    last = dict(state.last) | {one.condition: now for one in current}
    conditions = frozenset(name for name, since in last.items() if now - since < settings.transition or since == now)
    acting = [one for one, since in first.items() if now - since >= one.grace]
    # Memory first, as the kubelet: it is short the soonest.
    acting.sort(key=lambda one: one.resource != "memory")
    return State(first, last, acting), Pressure(conditions, acting)
