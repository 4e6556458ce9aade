"""Kubernetes' JSONPath: which values of an object a path names.

https://kubernetes.io/docs/reference/kubectl/jsonpath/, as far as it selects: fields, items, slices, unions, wildcards,
recursion and filters. Templates with text and `range` are kubectl's own. What is missing is no error, and no result.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

import orjson

Step: TypeAlias = Callable[[Iterable[Any]], Iterator[Any]]
Path: TypeAlias = Sequence[Step]

_FIELD = re.compile(r"((?:\\.|[^\s.,\[\]$@{}\\])+)")
_UNQUOTED = re.compile(r"\\(.)")
_FILTER = re.compile(r"\?\((.*)\)", re.DOTALL)
_COMPARISON = re.compile(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)", re.DOTALL)
_SLICE = re.compile(r"(-?\d*)(?::(-?\d*))?(?::(-?\d*))?")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


class BadPath(ValueError):
    """The text is no JSONPath."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """A path such as `.status.conditions[?(@.type=="Ready")].status`. Raises BadPath."""
    steps: list[Step] = []
    rest = text.removeprefix("$")
    while rest:
        if rest.startswith("["):
            inner, rest = _bracketed(rest)
            steps.append(_brackets(inner))
            continue
        if rest.startswith(".."):
            steps.append(_everything_below)
            rest = rest[1:]
        if rest.startswith(".["):
            rest = rest[1:]
            continue
        if rest == ".":
            break
        if not rest.startswith(".") or (found := _FIELD.match(rest, 1)) is None:
            raise BadPath(f"unrecognized character in path: {rest}")
        rest = rest[found.end() :]
        name = _UNQUOTED.sub(r"\1", found[1])
        steps.append(_wildcard if name == "*" else _field(name))
    return steps


def find(path: Path, value: Any) -> list[Any]:
    """Every value that a path names, in order."""
    found: Iterable[Any] = (value,)
    for step in path:
        found = step(found)
    return list(found)


def text(value: Any) -> str:
    """A value as kubectl and Tables print it: strings bare, everything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _bracketed(text: str) -> tuple[str, str]:
    """What the brackets at the beginning hold, and what follows them."""
    quote, depth, escaped = "", 0, False
    for index, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "[]":
            depth += 1 if character == "[" else -1
            if not depth:
                return text[1:index].strip(), text[index + 1 :]
    raise BadPath("unterminated array")


def _brackets(inner: str) -> Step:
    if inner == "*":
        return _wildcard
    if filtered := _FILTER.fullmatch(inner):
        return _filter(filtered[1].strip())
    parts = [part.strip() for part in _split(inner)]
    steps = [_member(part) for part in parts]
    return steps[0] if len(steps) == 1 else _union(steps)


def _split(inner: str) -> Iterator[str]:
    return (part for part in re.findall(r"""(?:'[^']*'|"[^"]*"|[^,])+""", inner) or [""])


def _member(part: str) -> Step:
    if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"":
        return _field(_UNQUOTED.sub(r"\1", part[1:-1]))
    if part and (found := _SLICE.fullmatch(part)) is not None:
        return _slice(part, found)
    raise BadPath(f"invalid array index {part}")


def _field(name: str) -> Step:
    def step(values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, dict) and name in value:
                yield cast("dict[str, Any]", value)[name]

    return step


def _wildcard(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from _members(value)


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()


def _everything_below(values: Iterable[Any]) -> Iterator[Any]:
    rest = list(values)
    while rest:
        value = rest.pop(0)
        yield value
        rest = [*_members(value), *rest]


def _slice(part: str, found: re.Match[str]) -> Step:
    first, last, step_text = (int(group) if group else None for group in found.groups())
    if ":" not in part:
        index = first or 0
        chosen = slice(index, index + 1 if index != -1 else None)
    else:
        chosen = slice(first, last, step_text)
    if chosen.step == 0:
        raise BadPath("step must be positive")

    def step(values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, list):
                yield from cast("list[Any]", value)[chosen]

    return step


def _union(steps: Sequence[Step]) -> Step:
    def step(values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            for one in steps:
                yield from one((value,))

    return step


def _filter(expression: str) -> Step:
    found = _COMPARISON.fullmatch(expression)
    left = _operand(found[1] if found else expression)
    compare = _OPERATORS[found[2]] if found else None
    right = _operand(found[3]) if found else left

    def holds(item: Any) -> bool:
        ours = left(item)
        if compare is None:
            return bool(ours)
        theirs = right(item)
        try:
            return bool(ours) and bool(theirs) and compare(ours[0], theirs[0])
        except TypeError:
            return False

    def step(values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            yield from (item for item in _members(value) if holds(item))

    return step


def _operand(text: str) -> Callable[[Any], list[Any]]:
    """A side of a comparison: a path from the item on, or a literal."""
    if text.startswith("@"):
        path = parse(text[1:])
        return lambda item: find(path, item)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        literal: Any = _UNQUOTED.sub(r"\1", text[1:-1])
    else:
        try:
            literal = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadPath(f"unrecognized identifier {text}") from None
    return lambda item: [literal]
