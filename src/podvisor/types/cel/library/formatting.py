"""`"%d of %s".format([1, x])` (cel-go `ext/formatting.go`)."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.library import conversions
from podvisor.types.cel.values import Duration, Timestamp, TypeValue, type_name

_CLAUSE = re.compile(r"%(?:%|(?:\.(\d{0,3}))?(.))", re.S)
_PRECISION = 6
_NAMES = {
    "s": "string",
    "d": "decimal",
    "f": "fixed-point",
    "e": "scientific",
    "b": "binary",
    "x": "hex",
    "X": "hex",
    "o": "octal",
}
_WANTED = {
    "s": "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
    "d": "integers",
    "f": "doubles",
    "e": "doubles",
    "b": "integers and bools",
    "x": "integers, bytes, and strings",
    "X": "integers, bytes, and strings",
    "o": "integers",
}
_QUOTED = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def formatted(form: str, arguments: Sequence[Any]) -> str:
    """The form with its clauses filled in. Raises EvaluationError."""
    taken = 0

    def fill(clause: re.Match[str]) -> str:
        nonlocal taken
        precision, letter = clause.groups()
        if letter is None:
            return "%"
        if letter not in _NAMES:
            raise EvaluationError(f'could not parse formatting clause: unrecognized formatting clause "{letter}"')
        if taken >= len(arguments):
            raise EvaluationError(f"index {taken} out of range")
        taken += 1
        return _shown(letter, arguments[taken - 1], int(precision) if precision else _PRECISION)

    return _CLAUSE.sub(fill, form)


def quoted(text: str) -> str:
    """The text as a literal."""
    return f'"{"".join(_QUOTED.get(letter, letter) for letter in text)}"'


def _shown(letter: str, value: Any, precision: int) -> str:
    if letter == "s":
        return _text(value)
    if letter in "fe" and (isinstance(value, float) or value in ("NaN", "Infinity", "-Infinity")):
        return _decimal(letter, float(value), precision)
    if letter in "dbxXo" and isinstance(value, int) and not isinstance(value, bool):
        return format(int(value), letter)
    if letter == "b" and isinstance(value, bool):
        return "1" if value else "0"
    if letter in "xX" and isinstance(value, str | bytes):
        digits = (value.encode() if isinstance(value, str) else value).hex()
        return digits.upper() if letter == "X" else digits
    name = type_name(value)
    clause = f"error during formatting: {_NAMES[letter]} clause can only be used on {_WANTED[letter]}"
    raise EvaluationError(f"{clause}, was given {name}")


def _decimal(letter: str, value: float, precision: int) -> str:
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if letter == "f":
        return format(value, f",.{precision}f")
    # Upstream takes the precision for a width here, so it changes nothing.
    mantissa, _, exponent = format(value, f".{_PRECISION}e").partition("e")
    return f"{mantissa}\u00d710{_raised(int(exponent))}"


def _raised(number: int) -> str:
    digits = "⁰¹²³⁴⁵⁶⁷⁸⁹"
    return ("⁻" if number < 0 else "") + "".join(digits[int(digit)] for digit in f"{abs(number):02}")


def _text(value: Any) -> str:
    match value:
        case None:
            return "null"
        case list():
            return f"[{', '.join(map(_inner, cast(list[Any], value)))}]"
        case Mapping():
            entries = cast(Mapping[Any, Any], value).items()
            pairs = sorted((_inner(key), _inner(item)) for key, item in entries)
            return f"{{{', '.join(f'{key}:{item}' for key, item in pairs)}}}"
        case TypeValue():
            return value.name
        case bool() | int() | float() | str() | bytes() | Duration() | Timestamp():
            return conversions.text(value)
        case _:
            kinds = "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
            raise EvaluationError(
                f"error during formatting: string clause can only be used on {kinds}, was given {type_name(value)}"
            )


def _inner(value: Any) -> str:
    """A value within a list or a map, as a literal."""
    match value:
        case str():
            return quoted(value)
        case bytes():
            return f"b{quoted(value.decode(errors='replace'))}"
        case float() if not (math.isnan(value) or math.isinf(value)):
            return f"{value:.6f}"
        case float():
            return f'"{conversions.shown_double(value)}"'
        case Duration():
            return f'duration("{conversions.text(value)}")'
        case Timestamp():
            return f'timestamp("{conversions.text(value)}")'
        case _:
            return _text(value)


def objections(form: str, kinds: Sequence[str]) -> Iterator[tuple[int | None, str]]:
    """What is wrong with a form for arguments of these types, and with which argument."""
    taken = 0
    for clause in _CLAUSE.finditer(form):
        letter = clause.group(2)
        if letter is None:
            continue
        if letter not in _NAMES:
            yield None, f'could not parse formatting clause: unrecognized formatting clause "{letter}"'
            return
        if taken >= len(kinds):
            yield None, f"index {taken} out of range"
            return
        kind, taken = kinds[taken], taken + 1
        if kind not in ("dyn", "error", *_ACCEPTED[letter]):
            clause_name = f"error during formatting: {_NAMES[letter]} clause can only be used on {_WANTED[letter]}"
            yield taken - 1, f"{clause_name}, was given {kind}"


_ACCEPTED = {
    "s": ("string", "bool", "bytes", "int", "uint", "double", "map", "list", "type", "duration", "timestamp", "null"),
    "d": ("int", "uint"),
    "f": ("double", "string"),
    "e": ("double", "string"),
    "b": ("int", "uint", "bool"),
    "x": ("int", "uint", "bytes", "string"),
    "X": ("int", "uint", "bytes", "string"),
    "o": ("int", "uint"),
}
