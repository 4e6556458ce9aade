"""The variables that a policy defines, each found out when an expression first asks for it (apiserver `pkg/cel/lazy`).

What is known stays known for as long as the objects are the same, so that many validations may use a costly variable.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from podvisor.apiserver.policies.compiling import Expression
from podvisor.types import cel


class Variables:
    """The variables of one policy about one change with one parameter."""

    def __init__(self, expressions: Mapping[str, Expression]) -> None:
        self.expressions = expressions
        self.known: dict[str, Any] = {}

    def found_out(self, activation: Mapping[str, Any], budget: cel.Budget) -> Mapping[str, Any]:
        """The variables by name, as far as the budget reaches."""
        return _FoundOut(self, activation, budget)


class _FoundOut(Mapping[str, Any]):
    def __init__(self, variables: Variables, activation: Mapping[str, Any], budget: cel.Budget) -> None:
        self._variables = variables
        self._activation = activation
        self._budget = budget

    def __getitem__(self, name: str) -> Any:
        known = self._variables.known
        if name not in known:
            known[name] = self._evaluated(name)
        value = known[name]
        if isinstance(value, cel.EvaluationError):
            raise value
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables.expressions)

    def __len__(self) -> int:
        return len(self._variables.expressions)

    def __contains__(self, name: object) -> bool:
        return name in self._variables.expressions

    def _evaluated(self, name: str) -> Any:
        """The value, or the error that everybody gets who asks for it. Raises CostExceeded."""
        expression = self._variables.expressions[name]
        if expression.program is None:
            return cel.EvaluationError(f'composited variable "{name}" fails to compile: {expression.error}')
        try:
            return expression.program.evaluate({**self._activation, "variables": self}, self._budget)
        except cel.CostExceeded:
            # Perhaps only the trial's: who has more to spend begins anew.
            raise
        except cel.EvaluationError as error:
            return cel.EvaluationError(f'composited variable "{name}" fails to evaluate: {error}')
