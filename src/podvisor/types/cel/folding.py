"""The macros that go through a list or a map, run: `all`, `exists`, `map`, `filter` and the others.

Upstream writes each as a loop with an accumulator, and counts that loop's parts: the costs here are those.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from podvisor.types.cel.errors import CostExceeded, EvaluationError, no_such_overload
from podvisor.types.cel.syntax import FoldKind
from podvisor.types.cel.values import type_name

Frame = list[Any]
Step = Callable[[Frame], Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a macro consists of."""

    source: Step
    condition: Step | None
    body: Step
    slot: int
    """Where its first variable stands in the frame."""
    variables: int


def fold(kind: FoldKind, parts: Parts) -> Step:
    """The macro as a closure."""
    match kind:
        case "all":
            return _quantified(parts, decisive=False, step_cost=3)
        case "exists":
            return _quantified(parts, decisive=True, step_cost=4)
        case "exists_one":
            return _exactly_one(parts)
        case "map" | "transformList":
            return _collected(parts, parts.body, 12)
        case "filter":
            return _filtered(parts)
        case "transformMap":
            return _mapped(parts)
        case "transformMapEntry":
            return _merged(parts)


_GO = defaultdict(lambda: "types.Dyn", {
    "null_type": "types.Null", "bool": "types.Bool", "int": "types.Int", "uint": "types.Uint",
    "double": "types.Double", "string": "types.String", "bytes": "types.Bytes",
})  # fmt: skip
"""What upstream's messages call the types of values."""


def _steps(parts: Parts) -> Callable[[Frame], Iterator[None]]:
    """Puts one entry after the other into the frame, and stops where the budget ends."""
    slot, two = parts.slot, parts.variables == 2

    def entries(frame: Frame) -> Iterator[None]:
        source = parts.source(frame)
        if isinstance(source, list):
            for position, item in enumerate(cast(list[Any], source)):
                if two:
                    frame[slot], frame[slot + 1] = position, item
                else:
                    frame[slot] = item
                yield
                if frame[0] > frame[1]:
                    raise CostExceeded
        elif isinstance(source, Mapping):
            for key, value in cast(Mapping[Any, Any], source).items():
                frame[slot] = key
                if two:
                    frame[slot + 1] = value
                yield
                if frame[0] > frame[1]:
                    raise CostExceeded
        else:
            raise EvaluationError(f"got '{_GO[type_name(source)]}', expected iterable type")

    return entries


def _quantified(parts: Parts, *, decisive: bool, step_cost: int) -> Step:
    body, entries = parts.body, _steps(parts)

    def step(frame: Frame) -> Any:
        failed: EvaluationError | None = None
        decided = False
        for _ in entries(frame):
            if decided:
                # Upstream finds out when it looks at the next entry.
                frame[0] += step_cost - 1
                break
            frame[0] += step_cost
            try:
                value = body(frame)
            except CostExceeded:
                raise
            except EvaluationError as error:
                failed = failed or error
                continue
            if value is decisive:
                decided = True
            elif type(value) is not bool:
                failed = failed or no_such_overload()
        frame[0] += 1
        if failed and not decided:
            raise failed
        return decisive if decided else not decisive

    return step


def _chosen(value: Any) -> bool:
    if type(value) is not bool:
        raise no_such_overload()
    return value


def _exactly_one(parts: Parts) -> Step:
    body, entries = parts.body, _steps(parts)

    def step(frame: Frame) -> Any:
        count = 0
        for _ in entries(frame):
            chosen = _chosen(body(frame))
            frame[0] += 2 if chosen else 0
            count += chosen
        frame[0] += 2
        return count == 1

    return step


def _collected(parts: Parts, body: Step, cost: int) -> Step:
    condition, entries = parts.condition, _steps(parts)

    def step(frame: Frame) -> Any:
        made: list[Any] = []
        for _ in entries(frame):
            if condition is not None and not _chosen(condition(frame)):
                continue
            made.append(body(frame))
            frame[0] += cost
        frame[0] += 1
        return made

    return step


def _filtered(parts: Parts) -> Step:
    slot = parts.slot
    # The variable itself is read once more.
    return _collected(parts, lambda frame: frame[slot], 13)


def _mapped(parts: Parts) -> Step:
    condition, body, slot, entries = parts.condition, parts.body, parts.slot, _steps(parts)

    def step(frame: Frame) -> Any:
        made: dict[Any, Any] = {}
        for _ in entries(frame):
            if condition is not None and not _chosen(condition(frame)):
                continue
            made[frame[slot]] = body(frame)
            frame[0] += 3
        frame[0] += 1
        return made

    return step


def _merged(parts: Parts) -> Step:
    condition, body, entries = parts.condition, parts.body, _steps(parts)

    def step(frame: Frame) -> Any:
        made: dict[Any, Any] = {}
        for _ in entries(frame):
            if condition is not None and not _chosen(condition(frame)):
                continue
            for key, value in body(frame).items():
                if key in made:
                    raise EvaluationError(f"insert failed: key {key} already exists")
                made[key] = value
            frame[0] += 2
        frame[0] += 1
        return made

    return step
