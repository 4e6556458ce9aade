"""How a call finds its function: once and for all where the types are known, by the values where they are not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from podvisor.types.cel.declarations import Cost, Overload
from podvisor.types.cel.errors import CostExceeded, no_such_function
from podvisor.types.cel.kinds import Type
from podvisor.types.cel.values import Duration, Timestamp, TypeValue, Uint, type_name

Frame = list[Any]
Step = Callable[[Frame], Any]
Guard = Callable[[Any], bool]


_PLAIN = frozenset(("@in", "_+_", "_<_", "_<=_", "_>_", "_>=_", "string", "bytes"))


def UNIT(_arguments: Sequence[Any], _result: Any) -> int:
    """The cost of what takes no time."""
    return 1


def call(function: str, overloads: Sequence[Overload], kinds: Sequence[Type], arguments: Sequence[Step]) -> Step:
    """The call of whichever overload fits."""
    if len(overloads) == 1 and not any(_vague(kind) for kind in kinds):
        return direct(overloads[0].run, overloads[0].cost, arguments)
    if function in ("_==_", "_!=_"):
        return direct(overloads[0].run, overloads[0].cost, arguments)
    return _dynamic(overloads, arguments)


def direct(run: Callable[..., Any], cost: Cost | None, arguments: Sequence[Step]) -> Step:
    """The call of one function."""
    if cost is not None:
        return _charged(run, cost, arguments)
    match arguments:
        case [only]:
            return _unary(run, only)
        case [left, right]:
            return _binary(run, left, right)
        case _:
            return _charged(run, UNIT, arguments)


def _vague(kind: Type) -> bool:
    """True if the values may be of any type, or of none."""
    return kind.kind in ("dyn", "error", "parameter")


def _unary(run: Callable[..., Any], only: Step) -> Step:
    def step(frame: Frame) -> Any:
        frame[0] += 1
        return run(only(frame))

    return step


def _binary(run: Callable[..., Any], left: Step, right: Step) -> Step:
    def step(frame: Frame) -> Any:
        frame[0] += 1
        return run(left(frame), right(frame))

    return step


def _charged(run: Callable[..., Any], cost: Cost, arguments: Sequence[Step]) -> Step:
    def step(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        result = run(*values)
        frame[0] += cost(values, result)
        if frame[0] > frame[1]:
            raise CostExceeded
        return result

    return step


def _dynamic(overloads: Sequence[Overload], arguments: Sequence[Step]) -> Step:
    # Of the language's own functions upstream counts only what it knows beforehand.
    charged = len(overloads) == 1 or overloads[0].function not in _PLAIN
    known: dict[tuple[type, ...], Overload] = {}
    guarded = [(tuple(map(guard, overload.parameters)), overload) for overload in overloads]

    def chosen(values: Sequence[Any], types: tuple[type, ...]) -> Overload:
        for guards, overload in guarded:
            if all(accepts(value) for accepts, value in zip(guards, values, strict=True)):
                # Guards look at nothing but the types of values, so the choice holds for the next ones.
                known[types] = overload
                return overload
        raise no_such_function(overloads[0].function)

    def step(frame: Frame) -> Any:
        values = [argument(frame) for argument in arguments]
        types = tuple(map(type, values))
        overload = known.get(types) or chosen(values, types)
        result = overload.run(*values)
        frame[0] += overload.cost(values, result) if overload.cost and charged else _price(result)
        if frame[0] > frame[1]:
            raise CostExceeded
        return result

    return step


def _price(result: Any) -> int:
    """1, and what it takes to make a result that is long.

    Upstream charges 1 for whatever it cannot tell beforehand, and so lets an expression fill the memory.
    """
    return (
        1 + len(cast(Any, result)) // 10
        if isinstance(result, str | bytes | list) and len(cast(Any, result)) > _LONG
        else 1
    )


_LONG = 10_000


def guard(kind: Type) -> Guard:
    """Whether a value is of this type."""
    match kind.kind:
        case "dyn" | "parameter" | "error":
            return lambda _value: True
        case "list":
            return lambda value: isinstance(value, list)
        case "map" | "object":
            return lambda value: isinstance(value, Mapping)
        case "opaque":
            return lambda value: type_name(value) == kind.name
        case _:
            exact = _EXACT[kind.kind]
            return lambda value: type(value) is exact


_EXACT: Mapping[str, type] = {
    "bool": bool,
    "int": int,
    "uint": Uint,
    "double": float,
    "string": str,
    "bytes": bytes,
    "null": type(None),
    "timestamp": Timestamp,
    "duration": Duration,
    "type": TypeValue,
}
