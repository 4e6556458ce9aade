"""Schedules of CronJobs: when a text in crontab's form comes due.

The dialect is that of Kubernetes (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax):
five fields with lists, ranges, steps and English names, `?` for `*`, `@hourly` and its like, `@every 1h30m`.
Libraries read Vixie's or Debian's dialect, which knows neither `?` nor `@every`, takes 7 for a Sunday and treats
changes of the clock otherwise.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
_WEEKDAYS = "sun mon tue wed thu fri sat"
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(rf"\+?((\d+\.?\d*|\.\d+)({'|'.join(_UNITS)}))+")
_PART = re.compile(rf"(\d+\.?\d*|\.\d+)({'|'.join(sorted(_UNITS, key=len, reverse=True))})")
_UNKNOWN_UNIT = re.compile(r"\+?[0-9.]*\d[0-9.]*([^0-9.]*)")
_YEARS = 5
"""How far ahead a date is looked for; February 30th never comes."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    least: int
    most: int
    names: Mapping[str, int]


_MINUTE, _HOUR, _DAY = _Bounds(0, 59, {}), _Bounds(0, 23, {}), _Bounds(1, 31, {})
_MONTH = _Bounds(1, 12, {name: number for number, name in enumerate(_MONTHS.split(), 1)})
_WEEKDAY = _Bounds(0, 6, {name: number for number, name in enumerate(_WEEKDAYS.split())})


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes at which something comes due, or how far apart the times are."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    both: bool = True
    """True if a day has to be one of `days` and of `weekdays`; where both are restricted, either will do."""
    every: timedelta | None = None

    def after(self, moment: datetime, zone: tzinfo = UTC) -> datetime | None:
        """The first time later than `moment`, in UTC; None if there is none within five years.

        Where clocks are put forward the times in between do not come; where they are put back they come twice.
        """
        start = moment.astimezone(UTC).replace(microsecond=0)
        if self.every is not None:
            return start + self.every
        at = (start + timedelta(minutes=1)).replace(second=0)
        while (local := at.astimezone(zone)).year <= moment.year + _YEARS:
            if not self._has_day(local):
                tomorrow = local.replace(hour=0, minute=0, fold=0) + timedelta(days=1)
                # Midnight may not exist where clocks are put forward, and its conversion must not lead back.
                at = max(tomorrow.astimezone(UTC), at + timedelta(minutes=1))
            elif local.hour not in self.hours:
                at += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        return None

    def _has_day(self, local: datetime) -> bool:
        if local.month not in self.months:
            return False
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        return day and weekday if self.both else day or weekday


def parse(text: str) -> Schedule:
    """A schedule. Raises ValueError in the words of Kubernetes."""
    if not text:
        raise ValueError("empty spec string")
    if text.startswith("@every "):
        return Schedule(every=_duration(text.removeprefix("@every ")))
    if text.startswith("@") and text not in _DESCRIPTORS:
        raise ValueError(f"unrecognized descriptor: {text}")
    fields = _DESCRIPTORS.get(text, text).split()
    if len(fields) != 5:
        raise ValueError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    bounds = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)
    parts = [_field(field, bound) for field, bound in zip(fields, bounds, strict=True)]
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = parts
    return Schedule(minutes, hours, days, months, weekdays, both=any_day or any_weekday)


def _field(text: str, bounds: _Bounds) -> tuple[frozenset[int], bool]:
    """The numbers of a field, and whether a `*` without a step is among its ranges."""
    ranges = [_range(part, bounds) for part in text.split(",") if part]
    return frozenset(number for numbers, _ in ranges for number in numbers), any(star for _, star in ranges)


def _range(text: str, bounds: _Bounds) -> tuple[range, bool]:
    span, *steps = text.split("/")
    low, *highs = span.split("-")
    star = low in ("*", "?")
    start, end = (bounds.least, bounds.most) if star else _ends(text, low, highs, bounds)
    step = 1
    if len(steps) > 1:
        raise ValueError(f"too many slashes: {text}")
    if steps:
        step = _number(steps[0])
        # `5/15` means `5-59/15`.
        end = end if highs else bounds.most
    if start < bounds.least:
        raise ValueError(f"beginning of range ({start}) below minimum ({bounds.least}): {text}")
    if end > bounds.most:
        raise ValueError(f"end of range ({end}) above maximum ({bounds.most}): {text}")
    if start > end:
        raise ValueError(f"beginning of range ({start}) beyond end of range ({end}): {text}")
    if step == 0:
        raise ValueError(f"step of range should be a positive number: {text}")
    return range(start, end + 1, step), star and step == 1


def _ends(text: str, low: str, highs: list[str], bounds: _Bounds) -> tuple[int, int]:
    start = _number(low, bounds.names)
    if len(highs) > 1:
        raise ValueError(f"too many hyphens: {text}")
    return start, _number(highs[0], bounds.names) if highs else start


def _number(text: str, names: Mapping[str, int] | None = None) -> int:
    if names and text.lower() in names:
        return names[text.lower()]
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    if (number := int(text)) < 0:
        raise ValueError(f"negative number ({number}) not allowed: {text}")
    return number


def _duration(text: str) -> timedelta:
    """As `time.ParseDuration` reads it; the schedule has whole seconds, and at least one."""
    if text != "0" and not _DURATION.fullmatch(text):
        wrong = _UNKNOWN_UNIT.fullmatch(text)
        problem = f'unknown unit "{wrong[1]}" in' if wrong and wrong[1] else "missing unit in" if wrong else "invalid"
        raise ValueError(f'failed to parse duration @every {text}: time: {problem} duration "{text}"')
    return timedelta(seconds=max(int(sum(_seconds(text))), 1))


def _seconds(text: str) -> Iterator[float]:
    for number, unit in _PART.findall(text):
        yield float(number) * _UNITS[unit]
