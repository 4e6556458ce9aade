# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Texts: `startsWith`, `matches`, `split`, `format`, … (CEL; cel-go `ext/strings.go`; apiserver `library/regex.go`)."""

import math
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from podvisor.types import regex
from podvisor.types.cel.declarations import Overload, function, matching, method, result_traversal, traversal
from podvisor.types.cel.errors import CostExceeded, EvaluationError
from podvisor.types.cel.kinds import BOOL, DYN, INT, STRING, list_of
from podvisor.types.cel.library import formatting
from podvisor.types.cel.values import size

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LONGEST = 10_000_000
"""No text grows longer: what upstream charges for `replace` says nothing of the result, which may be the square."""


def _within(text: str, position: int) -> int:
    if 0 <= position <= len(text):
        return position
    raise EvaluationError(f"index out of range: {position}")


def _character(text: str, position: int) -> str:
    return text[_within(text, position) :][:1]


def _index(text: str, part: str, offset: int = 0) -> int:
    if not part:
        return offset
    if offset < 0:
        raise EvaluationError(f"index out of range: {offset}")
    return text.find(part, offset)


def _last_index(text: str, part: str, offset: int | None = None) -> int:
    if not part:
        return len(text) if offset is None else offset
    last = len(text) - 1 if offset is None else offset
    if last < 0:
        raise EvaluationError(f"index out of range: {last}")
    return -1 if last >= len(text) else text.rfind(part, 0, last + len(part))


def _cased(change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: "".join(change(letter) if letter.isascii() else letter for letter in text)


def _replaced(text: str, old: str, new: str, count: int = -1) -> str:
    places = min(text.count(old), count) if count >= 0 else text.count(old)
    if len(text) + places * (len(new) - len(old)) > _LONGEST:
        raise CostExceeded
    return text.replace(old, new, count)


def _split(text: str, separator: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if separator:
        return text.split(separator, count - 1 if count > 0 else -1)
    letters = list(text)
    return letters if count < 0 or count >= len(letters) else [*letters[: count - 1], text[count - 1 :]]


def _substring(text: str, start: int, end: int | None = None) -> str:
    if end is None:
        return text[_within(text, start) :]
    if start > end:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {end}")
    return text[_within(text, start) : _within(text, end)]


def _joined(texts: Sequence[Any], separator: str = "") -> str:
    for text in texts:
        if not isinstance(text, str):
            raise EvaluationError(f"join: invalid input: {text}")
    if sum(map(len, texts)) + len(separator) * len(texts) > _LONGEST:
        raise CostExceeded
    return separator.join(texts)


def _pattern(text: str) -> regex.Pattern:
    try:
        return regex.compile(text)
    except regex.InvalidPattern as error:
        raise EvaluationError(str(error)) from None


def _illegal(text: str) -> regex.Pattern:
    try:
        return regex.compile(text)
    except regex.InvalidPattern as error:
        raise EvaluationError(f"Illegal regex: {error}") from None


def _find_all(text: str, pattern: str, count: int = -1) -> list[str]:
    found = _illegal(pattern).find_all(text)
    return list(found if count < 0 else islice(found, count))


def _contained(arguments: Sequence[Any], _result: Any) -> int:
    return math.ceil(size(arguments[0]) * 0.1) * math.ceil(size(arguments[1]) * 0.1)


def _traversed(arguments: Sequence[Any], _result: Any) -> int:
    return int(len(arguments[0].encode()) * 0.1)


def _matches(text: str, pattern: str) -> bool:
    return _pattern(pattern).matches(text)


_STRINGS = list_of(STRING)

FUNCTIONS: tuple[Overload, ...] = (
    method("contains", (STRING, STRING), BOOL, lambda text, part: part in text, _contained),
    method("startsWith", (STRING, STRING), BOOL, str.startswith, traversal()),
    method("endsWith", (STRING, STRING), BOOL, str.endswith, traversal()),
    function("matches", (STRING, STRING), BOOL, _matches),
    method("matches", (STRING, STRING), BOOL, _matches, matching),
    method("find", (STRING, STRING), STRING, lambda text, pattern: _illegal(pattern).find(text), matching),
    method("findAll", (STRING, STRING), _STRINGS, _find_all, matching),
    method("findAll", (STRING, STRING, INT), _STRINGS, _find_all, matching),
    method("charAt", (STRING, INT), STRING, _character),
    method("indexOf", (STRING, STRING), INT, _index, _traversed),
    method("indexOf", (STRING, STRING, INT), INT, _index, _traversed),
    method("lastIndexOf", (STRING, STRING), INT, _last_index, _traversed),
    method("lastIndexOf", (STRING, STRING, INT), INT, _last_index, _traversed),
    method("lowerAscii", (STRING,), STRING, _cased(str.lower), traversal()),
    method("upperAscii", (STRING,), STRING, _cased(str.upper), traversal()),
    method("replace", (STRING, STRING, STRING), STRING, _replaced, traversal(0.2)),
    method("replace", (STRING, STRING, STRING, INT), STRING, _replaced, traversal(0.2)),
    method("split", (STRING, STRING), _STRINGS, _split, traversal(0.2)),
    method("split", (STRING, STRING, INT), _STRINGS, _split, traversal(0.2)),
    method("substring", (STRING, INT), STRING, _substring, traversal()),
    method("substring", (STRING, INT, INT), STRING, _substring, traversal()),
    method("trim", (STRING,), STRING, lambda text: text.strip(_SPACE), traversal()),
    method("join", (_STRINGS,), STRING, _joined, result_traversal(0.2)),
    method("join", (_STRINGS, STRING), STRING, _joined, result_traversal(0.2)),
    method("format", (STRING, list_of(DYN)), STRING, formatting.formatted, traversal()),
    function("strings.quote", (STRING,), STRING, formatting.quoted, traversal()),
)
