"""What `kubectl get` shows in a cell."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def timestamp(moment: datetime) -> str:
    """A `meta/v1` Time: whole seconds, in UTC."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def parse_time(text: str) -> datetime:
    """The moment of a `meta/v1` Time or MicroTime."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def age(metadata: Mapping[str, Any], now: datetime) -> str:
    """How long ago the object was created."""
    return since(metadata.get("creationTimestamp"), now)


def since(moment: str | None, now: datetime) -> str:
    """How long ago `moment` was; `<unknown>` if there is none."""
    return duration((now - parse_time(moment)).total_seconds()) if moment else "<unknown>"


def duration(seconds: float) -> str:
    """A length of time with two or three figures of precision, as apimachinery's `HumanDuration`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    if whole < 120:
        return f"{whole}s"
    minutes, hours, days, years = whole // 60, whole // 3600, whole // 86400, whole // (86400 * 365)
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 24 * 8:
        return _pair(days, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    if hours < 24 * 365 * 8:
        return _pair(years, "y", days % 365, "d")
    return f"{years}y"


def labels(given: Mapping[str, str] | None) -> str:
    """Labels or a simple selector: `a=b,c=d`."""
    return ",".join(f"{key}={value}" for key, value in sorted((given or {}).items())) or "<none>"


def join(values: list[str]) -> str:
    """A list, or `<none>`."""
    return ",".join(values) or "<none>"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
