"""Values as Go shows them: the real server's objections to custom objects print whole values so."""

from decimal import Decimal
from typing import Any, cast

import orjson

_NULL = '"null"'
_EXPONENT = 6
"""The power of ten from which numbers are shown with an exponent."""


def shown(value: Any) -> str:
    """A value in an objection (`%#v`, and `%v` for numbers)."""
    return _NULL if value is None else _literal(value)


def is_number(value: Any) -> bool:
    """True for a number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: float) -> str:
    """A number as Go's `%v` shows it."""
    if not isinstance(value, float):
        return str(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    power = exponent + len(digits) - 1
    if not value or -4 <= power < _EXPONENT:
        return f"{Decimal(repr(value)).normalize():f}"
    text = "".join(map(str, digits))
    mantissa = f"{text[0]}.{text[1:]}" if len(text) > 1 else text
    return f"{'-' * sign}{mantissa}e{power:+03d}"


def _literal(value: Any) -> str:
    match value:
        case None:
            return "interface {}(nil)"
        case bool():
            return "true" if value else "false"
        case str():
            return orjson.dumps(value).decode()
        case int() | float():
            return number(value)
        case dict():
            fields = sorted(cast("dict[str, Any]", value).items())
            return (
                f"map[string]interface {{}}{{{', '.join(f'{_literal(name)}:{_literal(one)}' for name, one in fields)}}}"
            )
        case _:
            return f"[]interface {{}}{{{', '.join(map(_literal, cast('list[Any]', value)))}}}"
