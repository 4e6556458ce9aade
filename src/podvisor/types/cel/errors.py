"""What can go wrong with an expression, in the words of cel-go (`common/errors.go`, `common/types/err.go`)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Issue:
    """One objection to an expression, and where."""

    position: int | None
    """How many characters stand before; None if it is the expression as a whole that cannot be made ready."""
    message: str


class CelError(Exception):
    """Anything wrong with an expression.

    CelError
      CompileError        it cannot be run at all
      EvaluationError     it came to no result
        CostExceeded      it would have taken too long
    """


class CompileError(CelError):
    """The expression is not in the language, or its types do not fit."""

    def __init__(self, source: str, issues: Sequence[Issue]) -> None:
        self.issues = tuple(sorted(issues, key=lambda issue: issue.position or 0))
        super().__init__("\n".join(_shown(source, issue) for issue in self.issues))


class EvaluationError(CelError):
    """The expression came to no result: a key that is not there, a number too large."""


class CostExceeded(EvaluationError):
    """The expression was stopped at its budget."""

    def __init__(self) -> None:
        super().__init__("operation cancelled: actual cost limit exceeded")


def no_such_key(key: object) -> EvaluationError:
    """Nothing under this key."""
    return EvaluationError(f"no such key: {key}")


def no_conversion(kind: str) -> EvaluationError:
    """A text that says no value of this type."""
    return EvaluationError(f"type conversion error from 'string' to '{kind}'")


def no_such_overload() -> EvaluationError:
    """No function of this name takes such values."""
    return EvaluationError("no such overload")


def no_such_function(function: str) -> EvaluationError:
    """No function of this name takes such values."""
    return EvaluationError(f"no such overload: {function}" if function.isidentifier() else "no such overload")


def _shown(source: str, issue: Issue) -> str:
    if issue.position is None:
        return f"program instantiation failed: {issue.message}"
    before = source[: issue.position]
    line, column = before.count("\n"), issue.position - (before.rfind("\n") + 1)
    text = source.split("\n")[line].replace("\t", " ")
    return f"ERROR: <input>:{line + 1}:{column + 1}: {issue.message}\n | {text}\n | {'.' * column}^"
