"""Parts of moments and spans of time: `now.getHours("Europe/Berlin")` (CEL, "Timestamps and durations")."""

from collections.abc import Callable
from datetime import UTC, datetime

from podvisor.types.cel import times
from podvisor.types.cel.declarations import Overload, method
from podvisor.types.cel.kinds import DURATION, INT, STRING, TIMESTAMP
from podvisor.types.cel.values import Duration, Timestamp

# Months, days of the month (but not dates), of the week (Sunday first) and of the year count from 0.
_PARTS: dict[str, Callable[[datetime], int]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDayOfYear": lambda moment: moment.timetuple().tm_yday - 1,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
}
_UNITS = {
    "getHours": 3600 * times.SECOND,
    "getMinutes": 60 * times.SECOND,
    "getSeconds": times.SECOND,
    "getMilliseconds": 10**6,
}


def _milliseconds(moment: Timestamp, _zone: str = "") -> int:
    return moment.nanos % times.SECOND // 10**6


def _part(read: Callable[[datetime], int]) -> Callable[..., int]:
    def run(moment: Timestamp, zone: str = "") -> int:
        return read(times.local(moment, times.zone(zone) if zone else UTC))

    return run


def _in(unit: int) -> Callable[[Duration], int]:
    return lambda span: abs(span.nanos) // unit * (-1 if span.nanos < 0 else 1)


FUNCTIONS: tuple[Overload, ...] = (
    *(method(name, (TIMESTAMP,), INT, _part(read)) for name, read in _PARTS.items()),
    *(method(name, (TIMESTAMP, STRING), INT, _part(read)) for name, read in _PARTS.items()),
    method("getMilliseconds", (TIMESTAMP,), INT, _milliseconds),
    method("getMilliseconds", (TIMESTAMP, STRING), INT, _milliseconds),
    *(method(name, (DURATION,), INT, _in(unit)) for name, unit in _UNITS.items()),
)
