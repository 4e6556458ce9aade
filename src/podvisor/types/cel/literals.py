"""What can be found out about literals before an expression runs (cel-go `cel/validator.go`).

Patterns, durations and moments that are none, items of different types in one list, and forms that do not fit their
arguments. The arguments of `format` may be of different types.
"""

from collections.abc import Callable, Iterator
from typing import Any

from podvisor.types import regex
from podvisor.types.cel import syntax, times
from podvisor.types.cel.checker import Checked
from podvisor.types.cel.errors import EvaluationError, Issue
from podvisor.types.cel.library import formatting


def objections(checked: Checked) -> Iterator[Issue]:
    """Everything wrong with literals."""
    for node in checked.types:
        if isinstance(node, syntax.Call):
            yield from _argument(node)
            yield from _form(node, checked)


def _argument(node: syntax.Call) -> Iterator[Issue]:
    test = _TESTS.get(node.function)
    literal = node.arguments[-1] if test and node.arguments else None
    if test and isinstance(literal, syntax.Literal) and isinstance(literal.value, str):
        try:
            test(literal.value)
        except (EvaluationError, regex.InvalidPattern):
            yield Issue(literal.position, f"invalid {node.function} argument")


_TESTS: dict[str, Callable[[str], Any]] = {
    "matches": regex.compile,
    "duration": times.duration,
    "timestamp": times.timestamp,
}


def _form(node: syntax.Call, checked: Checked) -> Iterator[Issue]:
    if node.function != "format" or not isinstance(node.target, syntax.Literal):
        return
    [values] = node.arguments
    if isinstance(values, syntax.ListLiteral) and isinstance(node.target.value, str):
        kinds = [checked.types[item].kind for item in values.items]
        for place, message in formatting.objections(node.target.value, kinds):
            position = values.position if place is None else values.items[place].position
            yield Issue(position, message)
