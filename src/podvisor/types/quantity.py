"""Amounts with a suffix: `500m`, `1.5Gi`, `2e3` (apimachinery `pkg/api/resource`, quantity.go).

    quantity = [sign] digits [suffix]      suffix = Ki Mi Gi Ti Pi Ei | n u m "" k M G T P E | e/E exponent

A value keeps the family of its suffix and is written in its canonical form: no fraction, the largest suffix.
Precision below a nano unit is rounded up.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache, total_ordering
from typing import Literal

Family = Literal["binary", "decimal", "exponent"]

_BINARY = {"": 1, **{unit: 1024 ** (power + 1) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_FORM = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)((?:[eE][+-]?\d+)|[KMGTPE]i|[numkMGTPE]?)\Z")
_LIMIT = Decimal(2**63 - 1)
_NANO = Decimal("1e-9")


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """An exact amount, and how it was written."""

    amount: Decimal
    family: Family = "decimal"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.amount == other.amount

    def __lt__(self, other: "Quantity") -> bool:
        return self.amount < other.amount

    def __hash__(self) -> int:
        return hash(self.amount)

    def __add__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.amount + other.amount, self.family if self.amount else other.family)

    def __sub__(self, other: "Quantity") -> "Quantity":
        return Quantity(self.amount - other.amount, self.family if self.amount else other.family)

    @property
    def value(self) -> int:
        """In whole units, rounded up."""
        return int(self.amount.to_integral_value(ROUND_CEILING))

    @property
    def milli(self) -> int:
        """In thousandths, rounded up."""
        return int((self.amount * 1000).to_integral_value(ROUND_CEILING))

    def __str__(self) -> str:
        if self.family == "binary" and abs(self.amount) >= 1024 and self.amount == self.amount.to_integral_value():
            return _binary(int(self.amount))
        mantissa, exponent = _engineering(self.amount)
        if self.family == "exponent":
            return f"{mantissa}e{exponent}" if exponent else str(mantissa)
        return str(mantissa) + next(unit for unit, power in _DECIMAL.items() if power == exponent)


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """Read a quantity. Raises ValueError, in Kubernetes' words, for what is none."""
    if not (form := _FORM.match(text)):
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    sign, digits, suffix = form.groups()
    number = Decimal(sign + digits)
    if suffix in _BINARY and suffix:
        return Quantity(_bounded(number * _BINARY[suffix]), "binary")
    if suffix in _DECIMAL:
        return Quantity(_bounded(number.scaleb(_DECIMAL[suffix])), "decimal")
    return Quantity(_bounded(number.scaleb(int(suffix[1:]))), "exponent")


def canonical(text: str) -> str:
    """The form in which the API shows `text`: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`."""
    return str(parse(text))


def _bounded(amount: Decimal) -> Decimal:
    limited = max(min(amount, _LIMIT), -_LIMIT)
    return limited.quantize(_NANO, ROUND_CEILING) if limited != limited.to_integral_value() else limited


def _binary(value: int) -> str:
    for unit, size in reversed(_BINARY.items()):
        if value % size == 0:
            return f"{value // size}{unit}"
    raise AssertionError("every whole number is divisible by 1")


def _engineering(amount: Decimal) -> tuple[int, int]:
    """`amount` as a whole mantissa and the largest exponent that is a multiple of three, -9 to 18."""
    if not amount:
        return 0, 0
    exponent = -9
    mantissa = int(amount.scaleb(9))
    while mantissa % 1000 == 0 and exponent < 18:
        mantissa //= 1000
        exponent += 3
    return mantissa, exponent
