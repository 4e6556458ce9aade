# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Operators and what else the specification has for every type (CEL, "Functions")."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, cast

from podvisor.types.cel.declarations import Overload, function, method, shorter
from podvisor.types.cel.errors import EvaluationError, no_such_overload
from podvisor.types.cel.kinds import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    UINT,
    A,
    B,
    Type,
    list_of,
    map_of,
    optional_of,
)
from podvisor.types.cel.values import INT_MAX, INT_MIN, UINT_MAX, Duration, Timestamp, Uint, compare, equal, size


def whole(value: int) -> int:
    """The number, if 64 bits hold it."""
    if INT_MIN <= value <= INT_MAX:
        return value
    raise EvaluationError("integer overflow")


def unsigned(value: int) -> Uint:
    """The number, if 64 bits without a sign hold it."""
    if 0 <= value <= UINT_MAX:
        return Uint(value)
    raise EvaluationError("unsigned integer overflow")


def span(nanos: int) -> Duration:
    """A span of time, if it is not too long."""
    if INT_MIN <= nanos <= INT_MAX:
        return Duration(nanos)
    raise EvaluationError("duration overflow")


def moment(nanos: int) -> Timestamp:
    """A moment between the years 1 and 9999."""
    if -62135596800 * 10**9 <= nanos < 253402300800 * 10**9:
        return Timestamp(nanos)
    raise EvaluationError("timestamp overflow")


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("division by zero")
    # Towards zero, as Go does; Python's `//` goes down.
    return whole(abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1))


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("modulus by zero")
    # With the sign of what is divided, as in Go.
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _divided(left: float, right: float) -> float:
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _joined(arguments: Any, _result: Any) -> int:
    return math.ceil((size(arguments[0]) + size(arguments[1])) * 0.1)


def _concatenated(_arguments: Any, result: Any) -> int:
    # Upstream charges 1, however long the lists.
    return max(1, len(result) // 1000)


def _length(arguments: Any, _result: Any) -> int:
    return size(arguments[1])


def contains(item: Any, items: Any) -> bool:
    """`item in items`."""
    if isinstance(items, list):
        return any(equal(item, other) for other in cast(list[Any], items))
    if isinstance(items, Mapping):
        return isinstance(item, str | int | float) and item in items
    raise no_such_overload()


def _index(_operand: Any, _key: Any) -> Any:
    raise AssertionError("the planner makes its own step of an index")


def _arithmetic() -> tuple[Overload, ...]:
    return (
        function("_+_", (BYTES, BYTES), BYTES, operator.add, _joined),
        function("_+_", (DOUBLE, DOUBLE), DOUBLE, operator.add),
        function("_+_", (DURATION, DURATION), DURATION, lambda a, b: span(a.nanos + b.nanos)),
        function("_+_", (DURATION, TIMESTAMP), TIMESTAMP, lambda a, b: moment(a.nanos + b.nanos)),
        function("_+_", (TIMESTAMP, DURATION), TIMESTAMP, lambda a, b: moment(a.nanos + b.nanos)),
        function("_+_", (INT, INT), INT, lambda a, b: whole(a + b)),
        function("_+_", (list_of(A), list_of(A)), list_of(A), operator.add, _concatenated),
        function("_+_", (STRING, STRING), STRING, operator.add, _joined),
        function("_+_", (UINT, UINT), UINT, lambda a, b: unsigned(a + b)),
        function("_-_", (DOUBLE, DOUBLE), DOUBLE, operator.sub),
        function("_-_", (DURATION, DURATION), DURATION, lambda a, b: span(a.nanos - b.nanos)),
        function("_-_", (INT, INT), INT, lambda a, b: whole(a - b)),
        function("_-_", (TIMESTAMP, DURATION), TIMESTAMP, lambda a, b: moment(a.nanos - b.nanos)),
        function("_-_", (TIMESTAMP, TIMESTAMP), DURATION, lambda a, b: span(a.nanos - b.nanos)),
        function("_-_", (UINT, UINT), UINT, lambda a, b: unsigned(a - b)),
        function("_*_", (DOUBLE, DOUBLE), DOUBLE, operator.mul),
        function("_*_", (INT, INT), INT, lambda a, b: whole(a * b)),
        function("_*_", (UINT, UINT), UINT, lambda a, b: unsigned(a * b)),
        function("_/_", (DOUBLE, DOUBLE), DOUBLE, _divided),
        function("_/_", (INT, INT), INT, _quotient),
        function("_/_", (UINT, UINT), UINT, lambda a, b: Uint(_quotient(a, b))),
        function("_%_", (INT, INT), INT, _remainder),
        function("_%_", (UINT, UINT), UINT, lambda a, b: Uint(_remainder(a, b))),
        function("-_", (DOUBLE,), DOUBLE, operator.neg),
        function("-_", (INT,), INT, lambda a: whole(-a)),
        function("!_", (BOOL,), BOOL, operator.not_),
    )


_ORDERED: tuple[tuple[Type, Type], ...] = (
    (BOOL, BOOL),
    *((left, right) for left in (INT, UINT, DOUBLE) for right in (INT, UINT, DOUBLE)),
    (STRING, STRING),
    (BYTES, BYTES),
    (TIMESTAMP, TIMESTAMP),
    (DURATION, DURATION),
)


def _comparisons() -> tuple[Overload, ...]:
    tests: dict[str, Callable[[Any, Any], bool]] = {
        "_<_": operator.lt,
        "_<=_": operator.le,
        "_>_": operator.gt,
        "_>=_": operator.ge,
    }
    return tuple(
        function(name, pair, BOOL, _ordered(test, pair), shorter if pair[0] in (STRING, BYTES) else None)
        for name, test in tests.items()
        for pair in _ORDERED
    )


def _ordered(test: Callable[[Any, Any], bool], pair: tuple[Type, Type]) -> Callable[[Any, Any], bool]:
    # Only doubles have a value that stands in no order.
    return test if DOUBLE not in pair else lambda left, right: test(compare(left, right), 0)


_A_LIST, _A_MAP = list_of(A), map_of(A, B)

FUNCTIONS: tuple[Overload, ...] = (
    *_arithmetic(),
    *_comparisons(),
    function("_&&_", (BOOL, BOOL), BOOL, _index),
    function("_||_", (BOOL, BOOL), BOOL, _index),
    function("_?_:_", (BOOL, A, A), A, _index),
    function("_==_", (A, A), BOOL, equal, shorter),
    function("_!=_", (A, A), BOOL, lambda left, right: not equal(left, right), shorter),
    function("@in", (A, _A_LIST), BOOL, contains, _length),
    function("@in", (A, _A_MAP), BOOL, contains),
    function("_[_]", (_A_LIST, INT), A, _index),
    function("_[_]", (_A_MAP, A), B, _index),
    function("_[_]", (optional_of(_A_LIST), INT), optional_of(A), _index),
    function("_[_]", (optional_of(_A_MAP), A), optional_of(B), _index),
    function("_[?_]", (_A_LIST, INT), optional_of(A), _index),
    function("_[?_]", (optional_of(_A_LIST), INT), optional_of(A), _index),
    function("_[?_]", (_A_MAP, A), optional_of(B), _index),
    function("_[?_]", (optional_of(_A_MAP), A), optional_of(B), _index),
    *(
        declare("size", (kind,), INT, len)
        for kind in (BYTES, _A_LIST, _A_MAP, STRING)
        for declare in (function, method)
    ),
    function("dyn", (A,), DYN, lambda value: value),
)
