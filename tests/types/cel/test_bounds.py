"""No expression holds the server: not by its depth, its loops, its patterns, nor by what it makes."""

import pytest

from podvisor.types import cel, regex

LARGE = {"self": {"l": list(range(1000)), "s": "a" * 300_000}}


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 300 + "1" + ")" * 300,
        "[" * 400 + "]" * 400,
        "+".join(["1"] * 2000),
        "self" + ".a" * 3000,
        "self.all(a," * 260 + "true" + ")" * 260,
        "{1:" * 300 + "1" + "}" * 300,
        f"'{'a' * 100_000}'",
    ],
    ids=["parentheses", "lists", "sum", "path", "macros", "maps", "length"],
)
def test_an_expression_too_deep_or_too_long_is_refused(expression: str) -> None:
    with pytest.raises(cel.CompileError, match="limit"):
        cel.compile(expression, {"self": cel.DYN})


@pytest.mark.parametrize(
    ("expression", "value"),
    [("||".join(["false"] * 5000), False), ("!" * 9999 + "true", False), ("-" * 9999 + "1", -1)],
)
def test_what_is_long_but_not_deep_is_taken(expression: str, value: object) -> None:
    assert cel.compile(expression, {}).evaluate({}, cel.Budget()) == value


@pytest.mark.parametrize(
    "expression",
    [
        "self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))",
        "self.s.replace('', self.s).size() > 0",
        "self.l.map(a, self.l.map(b, self.s + self.s)).size() > 0",
        "self.l.map(a, self.s).join(self.s).size() > 0",
    ],
)
def test_an_expression_is_stopped_at_its_cost(expression: str) -> None:
    program = cel.compile(expression, {"self": cel.DYN})
    budget = cel.Budget()
    with pytest.raises(cel.CostExceeded, match="operation cancelled: actual cost limit exceeded"):
        program.evaluate(LARGE, budget)


def test_expressions_share_a_budget() -> None:
    program = cel.compile("self.l.map(x, x).size()", {"self": cel.DYN})
    budget = cel.Budget(20_000)
    assert program.evaluate(LARGE, budget) == 1000
    with pytest.raises(cel.CostExceeded):
        program.evaluate(LARGE, budget)
    assert budget.remaining < 0


def test_a_pattern_takes_no_longer_than_the_text() -> None:
    assert regex.compile("^(a+)+$").matches("a" * 100_000 + "b") is False
    with pytest.raises(regex.InvalidPattern, match=r"missing closing \): `\(`"):
        regex.compile("(")


def test_a_variable_that_is_not_given_fails_where_it_is_read() -> None:
    program = cel.compile("self == 1 || oldSelf == 1", {"self": cel.DYN, "oldSelf": cel.DYN})
    assert program.evaluate({"self": 1}, cel.Budget()) is True
    with pytest.raises(cel.EvaluationError, match="no such attribute"):
        program.evaluate({"self": 2}, cel.Budget())


def test_a_value_that_is_not_of_its_type_is_an_error_of_the_expression() -> None:
    program = cel.compile("self + 1", {"self": cel.INT})
    with pytest.raises(cel.EvaluationError, match="no such overload"):
        program.evaluate({"self": "text"}, cel.Budget())
