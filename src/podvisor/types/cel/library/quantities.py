# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Amounts of resources: `quantity("1Gi").isGreaterThan(quantity("500M"))` (apiserver `library/quantity.go`)."""

from podvisor.types import quantity
from podvisor.types.cel import values
from podvisor.types.cel.declarations import Overload, function, method, traversal
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, DOUBLE, INT, STRING, Type
from podvisor.types.quantity import Quantity

QUANTITY = Type("object", "kubernetes.Quantity")
values.register(Quantity, QUANTITY.name)


def _quantity(text: str) -> Quantity:
    try:
        return quantity.parse(text)
    except ValueError as error:
        raise EvaluationError(str(error)) from None


def _is_quantity(text: str) -> bool:
    try:
        quantity.parse(text)
    except ValueError:
        return False
    return True


def _is_integer(amount: Quantity) -> bool:
    return amount.amount == amount.amount.to_integral_value()


def _integer(amount: Quantity) -> int:
    if not _is_integer(amount):
        raise EvaluationError("cannot convert value to integer")
    return int(amount.amount)


def _plain(number: int) -> Quantity:
    return quantity.parse(str(number))


def _order(left: Quantity, right: Quantity) -> int:
    return (left > right) - (left < right)


FUNCTIONS: tuple[Overload, ...] = (
    function("quantity", (STRING,), QUANTITY, _quantity, traversal()),
    function("isQuantity", (STRING,), BOOL, _is_quantity, traversal()),
    function("sign", (QUANTITY,), INT, lambda amount: (amount.amount > 0) - (amount.amount < 0)),
    method("isGreaterThan", (QUANTITY, QUANTITY), BOOL, lambda left, right: left > right),
    method("isLessThan", (QUANTITY, QUANTITY), BOOL, lambda left, right: left < right),
    method("compareTo", (QUANTITY, QUANTITY), INT, _order),
    method("asApproximateFloat", (QUANTITY,), DOUBLE, lambda amount: float(amount.amount)),
    method("asInteger", (QUANTITY,), INT, _integer),
    method("isInteger", (QUANTITY,), BOOL, _is_integer),
    method("add", (QUANTITY, QUANTITY), QUANTITY, lambda left, right: left + right),
    method("add", (QUANTITY, INT), QUANTITY, lambda left, number: left + _plain(number)),
    method("sub", (QUANTITY, QUANTITY), QUANTITY, lambda left, right: left - right),
    method("sub", (QUANTITY, INT), QUANTITY, lambda left, number: left - _plain(number)),
)
