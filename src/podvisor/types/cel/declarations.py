"""Functions as expressions call them: which types they take and give, what they do, what they cost.

A library is a tuple of `Overload`s. A cost is counted as upstream counts it (cel-go `interpreter/runtimecost.go`,
apiserver `pkg/cel/library/cost.go`): a tenth for each character that is looked at, one for what takes no time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from podvisor.types.cel.kinds import Type
from podvisor.types.cel.values import size

Cost: TypeAlias = Callable[[Sequence[Any], Any], int]
"""From the arguments and the result."""


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function."""

    function: str
    member: bool
    """True if it is called as a method of its first parameter."""
    parameters: tuple[Type, ...]
    result: Type
    run: Callable[..., Any]
    cost: Cost | None = None
    """None if a call costs 1."""


def function(
    name: str, parameters: tuple[Type, ...], result: Type, run: Callable[..., Any], cost: Cost | None = None
) -> Overload:
    """`name(a, b)`, or an operator."""
    return Overload(name, False, parameters, result, run, cost)


def method(
    name: str, parameters: tuple[Type, ...], result: Type, run: Callable[..., Any], cost: Cost | None = None
) -> Overload:
    """`a.name(b)`."""
    return Overload(name, True, parameters, result, run, cost)


def traversal(factor: float = 0.1) -> Cost:
    """The first argument is looked through."""
    return lambda arguments, _result: math.ceil(size(arguments[0]) * factor)


def result_traversal(factor: float) -> Cost:
    """The result is put together."""
    return lambda _arguments, result: math.ceil(size(result) * factor)


def shorter(arguments: Sequence[Any], _result: Any) -> int:
    """Two values are compared as far as the shorter goes."""
    return math.ceil(min(size(arguments[0]), size(arguments[1])) * 0.1)


def matching(arguments: Sequence[Any], _result: Any) -> int:
    """The first argument is matched by the regular expression that is the second."""
    return math.ceil((1.0 + size(arguments[0])) * 0.1) * math.ceil(size(arguments[1]) * 0.25)
