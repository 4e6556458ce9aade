"""The status of a definition, as the JSON that is stored."""

from datetime import datetime

import msgspec

from podvisor.apiserver import cells
from podvisor.apiserver.extensions.definition import Condition, Names
from podvisor.apiserver.resource import Json


def put(item: Json, condition: Condition, now: datetime) -> None:
    """Give a definition a condition; the time of its last change moves where its status does."""
    conditions = item.setdefault("status", {}).setdefault("conditions", [])
    old = next((one for one in conditions if one["type"] == condition.type), None)
    changed = old is None or old["status"] != condition.status or not old.get("lastTransitionTime")
    when = cells.timestamp(now) if changed or old is None else old["lastTransitionTime"]
    new = msgspec.to_builtins(msgspec.structs.replace(condition, last_transition_time=when))
    if old is None:
        conditions.append(new)
    else:
        conditions[conditions.index(old)] = new


def drop(item: Json, type: str) -> None:
    """Take a condition from a definition."""
    status = item.setdefault("status", {})
    status["conditions"] = [one for one in status.get("conditions", ()) if one["type"] != type]


def put_names(item: Json, names: Names) -> None:
    """Say which names a definition has."""
    item.setdefault("status", {})["acceptedNames"] = msgspec.to_builtins(names)
