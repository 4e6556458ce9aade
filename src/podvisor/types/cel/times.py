"""Moments and spans of time as texts (RFC 3339; Go's `time.ParseDuration`)."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from podvisor.types.cel.errors import EvaluationError, no_conversion
from podvisor.types.cel.values import INT_MAX, Duration, Timestamp

SECOND = 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.A)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d))?\Z", re.A)
_OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)\Z", re.A)


def duration(text: str) -> Duration:
    """`1h30m`, `-1.5s`. Raises EvaluationError."""
    sign = -1 if text.startswith("-") else 1
    rest = text.lstrip("+-") if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    position, total = 0, Fraction(0)
    while (part := _PART.match(rest, position)) is not None:
        total += Fraction(part.group(1) if part.group(1)[-1] != "." else part.group(1)[:-1]) * _UNITS[part.group(2)]
        position = part.end()
    if not rest or position != len(rest) or total > INT_MAX:
        raise no_conversion("google.protobuf.Duration")
    return Duration(sign * int(total))


def timestamp(text: str) -> Timestamp:
    """A moment, or a day. Raises EvaluationError."""
    found = _MOMENT.match(text)
    try:
        if found is None:
            raise ValueError
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
        nanos = int((fraction or "")[:9].ljust(9, "0"))
        offset = timedelta() if zone in (None, "Z") else _offset(zone)
    except ValueError:
        raise no_conversion("google.protobuf.Timestamp") from None
    seconds = moment - offset - _EPOCH
    return Timestamp((seconds.days * 86400 + seconds.seconds) * SECOND + nanos, offset // timedelta(seconds=1))


def shown_duration(value: Duration) -> str:
    """In seconds: `5400s`, `1.5s`."""
    whole, nanos = divmod(abs(value.nanos), SECOND)
    fraction = f".{nanos:09}".rstrip("0") if nanos else ""
    return f"{'-' if value.nanos < 0 else ''}{whole}{fraction}s"


def shown_timestamp(value: Timestamp) -> str:
    """`2026-01-02T03:04:05.006Z`."""
    nanos = value.nanos % SECOND
    fraction = f".{nanos:09}".rstrip("0") if nanos else ""
    shown = local(value, timezone(timedelta(seconds=value.offset))).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    minutes = abs(value.offset) // 60
    zone = f"{'-' if value.offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}" if minutes else "Z"
    return f"{shown}{fraction}{zone}"


def local(value: Timestamp, zone: tzinfo) -> datetime:
    """The moment as a clock in `zone` shows it, down to the second."""
    try:
        return (_EPOCH + timedelta(seconds=value.nanos // SECOND)).astimezone(zone)
    except OverflowError:
        raise EvaluationError("timestamp overflow") from None


def zone(name: str) -> tzinfo:
    """A zone by its name, or an offset: `+02:00`. Raises EvaluationError."""
    if _OFFSET.match(name):
        return timezone(_offset(name))
    try:
        return UTC if name in ("", "UTC") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise EvaluationError(f"unknown time zone {name}") from None


def _offset(text: str) -> timedelta:
    found = _OFFSET.match(text)
    if found is None:
        raise ValueError(text)
    span = timedelta(hours=int(found.group(2)), minutes=int(found.group(3)))
    return -span if found.group(1) == "-" else span
