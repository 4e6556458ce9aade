# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""From one type to another: `int("3")`, `string(1.5)`, `type(x)` (CEL, "Conversion functions")."""

import math
import re
from decimal import Decimal
from typing import Any

from podvisor.types.cel import times
from podvisor.types.cel.declarations import Overload, function, traversal
from podvisor.types.cel.errors import EvaluationError, no_conversion
from podvisor.types.cel.kinds import BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT, A, type_of
from podvisor.types.cel.library.operators import moment, span, unsigned, whole
from podvisor.types.cel.values import INT_MAX, INT_MIN, UINT_MAX, Duration, Timestamp, TypeValue, Uint, type_name

_WHOLE = re.compile(r"[+-]?\d+\Z", re.A)
_DOUBLE = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?|nan)\Z", re.A | re.I)
_EXPONENT_FROM = 6
_TRUE, _FALSE = ("1", "t", "true", "T", "TRUE", "True"), ("0", "f", "false", "F", "FALSE", "False")


def _same(value: Any) -> Any:
    return value


def _int(text: str) -> int:
    # Python refuses to read a number of thousands of digits; none of them fits anyway.
    value = int(text) if _WHOLE.match(text) and len(text) < 100 else INT_MAX + 1
    if not INT_MIN <= value <= INT_MAX:
        raise no_conversion("int")
    return value


def _uint(text: str) -> Uint:
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 100 else UINT_MAX + 1
    if value > UINT_MAX:
        raise no_conversion("uint")
    return Uint(value)


def double(text: str) -> float:
    """Raises EvaluationError."""
    if not _DOUBLE.match(text):
        raise no_conversion("double")
    return float(text)


def _bool(text: str) -> bool:
    if text not in (*_TRUE, *_FALSE):
        raise no_conversion("bool")
    return text in _TRUE


def _truncated(value: float) -> int:
    if math.isnan(value) or not float(INT_MIN) < value < float(INT_MAX):
        raise EvaluationError("integer overflow")
    return int(value)


def _truncated_unsigned(value: float) -> Uint:
    if math.isnan(value) or not 0 <= value < float(UINT_MAX):
        raise EvaluationError("unsigned integer overflow")
    return Uint(int(value))


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None


def shown_double(value: float) -> str:
    """As Go writes the shortest form: `1.5`, `1e+06`, `+Inf`."""
    if math.isinf(value) or math.isnan(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    text = "".join(map(str, digits))
    minus = "-" if sign else ""
    if power < -4 or power >= _EXPONENT_FROM:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{minus}{text[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power):02}"
    return minus + format(Decimal(text).scaleb(exponent), "f")


def text(value: Any) -> str:
    """What `string()` makes of a value."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return shown_double(value)
        case bytes():
            return _decoded(value)
        case Duration():
            return times.shown_duration(value)
        case Timestamp():
            return times.shown_timestamp(value)
        case _:
            return str(value)


FUNCTIONS: tuple[Overload, ...] = (
    function("type", (A,), type_of(A), lambda value: TypeValue(type_name(value))),
    function("bool", (BOOL,), BOOL, _same),
    function("bool", (STRING,), BOOL, _bool),
    function("bytes", (BYTES,), BYTES, _same),
    function("bytes", (STRING,), BYTES, str.encode, traversal()),
    function("double", (DOUBLE,), DOUBLE, _same),
    function("double", (INT,), DOUBLE, float),
    function("double", (STRING,), DOUBLE, double),
    function("double", (UINT,), DOUBLE, float),
    function("duration", (DURATION,), DURATION, _same),
    function("duration", (INT,), DURATION, span),
    function("duration", (STRING,), DURATION, times.duration),
    function("int", (INT,), INT, _same),
    function("int", (DOUBLE,), INT, _truncated),
    function("int", (DURATION,), INT, lambda value: value.nanos),
    function("int", (STRING,), INT, _int),
    function("int", (TIMESTAMP,), INT, lambda value: value.nanos // times.SECOND),
    function("int", (UINT,), INT, lambda value: whole(int(value))),
    function("string", (STRING,), STRING, _same),
    function("string", (BOOL,), STRING, text),
    function("string", (BYTES,), STRING, text, traversal()),
    function("string", (DOUBLE,), STRING, text),
    function("string", (DURATION,), STRING, text),
    function("string", (INT,), STRING, text),
    function("string", (TIMESTAMP,), STRING, text),
    function("string", (UINT,), STRING, text),
    function("timestamp", (TIMESTAMP,), TIMESTAMP, _same),
    function("timestamp", (INT,), TIMESTAMP, lambda value: moment(value * times.SECOND)),
    function("timestamp", (STRING,), TIMESTAMP, times.timestamp),
    function("uint", (UINT,), UINT, _same),
    function("uint", (DOUBLE,), UINT, _truncated_unsigned),
    function("uint", (INT,), UINT, unsigned),
    function("uint", (STRING,), UINT, _uint),
)
