# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Values that may be none (cel-go `cel/library.go`, OptionalTypes)."""

from typing import Any

from podvisor.types.cel.declarations import Overload, function, method
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, A, optional_of
from podvisor.types.cel.values import NONE, Duration, Optional


def _of_non_zero(value: Any) -> Optional:
    zero = value in (None, False, 0, "", b"") or value == [] or value == {} or value == Duration(0)
    return NONE if zero else Optional(True, value)


def _value(value: Optional) -> Any:
    if not value.present:
        raise EvaluationError("optional.none() dereference")
    return value.content


def _lazy(*_values: Any) -> Any:
    raise AssertionError("the planner makes its own step, which asks for the second only if the first is none")


_SOME = optional_of(A)

FUNCTIONS: tuple[Overload, ...] = (
    function("optional.of", (A,), _SOME, lambda value: Optional(True, value)),
    function("optional.ofNonZeroValue", (A,), _SOME, _of_non_zero),
    function("optional.none", (), _SOME, lambda: NONE),
    method("value", (_SOME,), A, _value),
    method("hasValue", (_SOME,), BOOL, lambda value: value.present),
    method("or", (_SOME, _SOME), _SOME, _lazy),
    method("orValue", (_SOME, A), A, _lazy),
)
