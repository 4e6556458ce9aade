"""Expressions ready to run, and how much they may spend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podvisor.types.cel import checker, library, literals, parser
from podvisor.types.cel.checker import Checked
from podvisor.types.cel.errors import CompileError, CostExceeded, EvaluationError, no_such_overload
from podvisor.types.cel.kinds import Type
from podvisor.types.cel.planning import ABSENT, Planner, Step

PER_CALL = 1_000_000
"""What one expression may spend (apiserver `pkg/apis/cel`, PerCallLimit)."""
PER_REQUEST = 10_000_000
"""What all the rules of one object or policy may spend together (RuntimeCELCostBudget)."""


@dataclass(slots=True)
class Budget:
    """What several expressions may spend together."""

    remaining: int = PER_REQUEST
    """Below zero once it is spent."""


@dataclass(frozen=True, slots=True)
class Program:
    """An expression that can be run, as often as wanted."""

    source: str
    checked: Checked
    _step: Step
    _variables: tuple[str, ...]
    _size: int

    @property
    def result(self) -> Type:
        """The type of what it comes to."""
        return self.checked.result

    def evaluate(self, variables: Mapping[str, Any], budget: Budget) -> Any:
        """What the expression comes to with these values, JSON's own.

        A variable that is missing is an error where it is read. Raises EvaluationError, and CostExceeded at the bound
        of one expression or the end of the budget, whichever comes first; what was spent is taken off either way.
        """
        limit = min(PER_CALL, budget.remaining)
        frame: list[Any] = [0, limit, *(variables.get(name, ABSENT) for name in self._variables)]
        frame.extend([ABSENT] * (self._size - len(frame)))
        try:
            result = self._step(frame)
        except (TypeError, AttributeError, ValueError, OverflowError) as error:
            # A value that is not of the type that was declared for it; a real server finds no function then either.
            raise no_such_overload() from error
        except RecursionError:
            raise EvaluationError("max recursion depth exceeded") from None
        finally:
            budget.remaining -= frame[0]
        if frame[0] > limit:
            raise CostExceeded
        return result


def compile(source: str, variables: Mapping[str, Type], types: Mapping[str, Type] | None = None) -> Program:
    """The expression, checked against the types of its variables.

    `types` are objects that it may make, by name. Raises CompileError with everything that is wrong.
    """
    root = parser.parse(source)
    functions, names = library.standard()
    environment = checker.Environment(variables, functions, {**names, **types} if types else names)
    try:
        checked = checker.check(root, environment)
        checked.issues.extend(literals.objections(checked) if not checked.issues else ())
        if checked.issues:
            raise CompileError(source, checked.issues)
        planner = Planner(source, checked, tuple(variables))
        step = planner.plan(root)
    except RecursionError:
        raise CompileError(source, [parser.too_deep()]) from None
    return Program(source, checked, step, tuple(variables), planner.size)
