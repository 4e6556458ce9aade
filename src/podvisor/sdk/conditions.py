"""Reading and writing `status.conditions`."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from podvisor.sdk.objects.meta import Condition, seconds


def find(conditions: Iterable[Condition], type: str) -> Condition | None:
    """The condition of that type, if there is one."""
    for one in conditions:
        if one.type == type:
            return one
    return None


def is_true(conditions: Iterable[Condition], type: str) -> bool:
    """Whether there is one of that type, and it holds."""
    found = find(conditions, type)
    return found is not None and found.status == "True"


def put(conditions: Sequence[Condition], new: Condition) -> list[Condition]:
    """With `new` in place of its predecessor, whose transition time it keeps unless the status changes.

    The same status for the same reason leaves everything as it was: conditions say when something became true.
    """
    old = find(conditions, new.type)
    if old is not None and (old.status, old.reason) == (new.status, new.reason):
        return list(conditions)
    if old is not None and old.status == new.status:
        new = msgspec.structs.replace(new, last_transition_time=old.last_transition_time)
    return [*drop(conditions, new.type), new]


def drop(conditions: Iterable[Condition], type: str) -> list[Condition]:
    """Without the one of that type."""
    return [one for one in conditions if one.type != type]


def plain(condition: Condition) -> dict[str, str]:
    """As it travels."""
    texts = {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
    }
    times: dict[str, datetime | None] = {
        "lastTransitionTime": condition.last_transition_time,
        "lastUpdateTime": condition.last_update_time,
        "lastHeartbeatTime": condition.last_heartbeat_time,
        "lastProbeTime": condition.last_probe_time,
    }
    return {name: text for name, text in texts.items() if text} | {
        name: seconds(moment) for name, moment in times.items() if moment is not None
    }
