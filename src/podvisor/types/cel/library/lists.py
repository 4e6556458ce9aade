# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Lists and sets: `isSorted`, `sum`, `sets.contains`, … (apiserver `library/lists.go`; cel-go `ext/sets.go`)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from podvisor.types.cel.declarations import Cost, Overload, function, method
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, BYTES, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT, A, Type, list_of
from podvisor.types.cel.library.operators import contains, span, unsigned, whole
from podvisor.types.cel.values import Duration, Uint, compare, equal, size

_COMPARABLE = (INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES)


def _traversed(arguments: Sequence[Any], _result: Any) -> int:
    return _weight(arguments[0])


def _weight(value: Any) -> int:
    """What looking at every part of a value costs."""
    if isinstance(value, str | bytes):
        return int(len(value.encode() if isinstance(value, str) else value) * 0.1)
    if isinstance(value, list):
        return sum(map(_weight, cast(list[Any], value)))
    if isinstance(value, Mapping):
        return sum(_weight(key) + _weight(item) for key, item in cast(Mapping[Any, Any], value).items())
    return 1


def _sorted(items: list[Any]) -> bool:
    return all(compare(items[position], items[position + 1]) <= 0 for position in range(len(items) - 1))


def _extreme(name: str, sign: int) -> Callable[[list[Any]], Any]:
    def run(items: list[Any]) -> Any:
        if not items:
            raise EvaluationError(f"{name} called on empty list")
        chosen = items[0]
        for item in items[1:]:
            if compare(item, chosen) == sign:
                chosen = item
        return chosen

    return run


def _total(items: list[Any]) -> Any:
    total = 0
    for item in items:
        total = whole(total + item)
    return total


def _total_unsigned(items: list[Any]) -> Uint:
    return unsigned(sum(map(int, items)))


def _total_double(items: list[Any]) -> float:
    total = 0.0
    for item in items:
        total += item
    return total


def _total_span(items: list[Any]) -> Duration:
    return span(sum(item.nanos for item in items))


_SUMS: tuple[tuple[Type, Callable[[list[Any]], Any]], ...] = (
    (INT, _total),
    (UINT, _total_unsigned),
    (DOUBLE, _total_double),
    (DURATION, _total_span),
)


def _index(items: list[Any], item: Any) -> int:
    return next((position for position, other in enumerate(items) if equal(other, item)), -1)


def _last_index(items: list[Any], item: Any) -> int:
    return next((position for position in range(len(items) - 1, -1, -1) if equal(items[position], item)), -1)


def _includes(items: list[Any], others: list[Any]) -> bool:
    return all(contains(other, items) for other in others)


def _intersect(items: list[Any], others: list[Any]) -> bool:
    return any(contains(item, others) for item in items)


def _pairs(factor: int) -> Cost:
    return lambda arguments, _result: 1 + size(arguments[0]) * size(arguments[1]) * factor


_A_LIST = list_of(A)

FUNCTIONS: tuple[Overload, ...] = (
    *(method("isSorted", (list_of(kind),), BOOL, _sorted, _traversed) for kind in _COMPARABLE),
    *(method("sum", (list_of(kind),), kind, run, _traversed) for kind, run in _SUMS),
    *(method("max", (list_of(kind),), kind, _extreme("max", 1), _traversed) for kind in _COMPARABLE),
    *(method("min", (list_of(kind),), kind, _extreme("min", -1), _traversed) for kind in _COMPARABLE),
    method("indexOf", (_A_LIST, A), INT, _index, _traversed),
    method("lastIndexOf", (_A_LIST, A), INT, _last_index, _traversed),
    function("sets.contains", (_A_LIST, _A_LIST), BOOL, _includes, _pairs(1)),
    function(
        "sets.equivalent",
        (_A_LIST, _A_LIST),
        BOOL,
        lambda items, others: _includes(items, others) and _includes(others, items),
        _pairs(2),
    ),
    function(
        "sets.intersects",
        (_A_LIST, _A_LIST),
        BOOL,
        _intersect,
        _pairs(1),
    ),
)
