"""The elements of a path, in the writing of FieldsV1: `f:name`, `k:{"port":80}`, `v:"a"`, `i:0`.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/#FieldsV1
"""

from functools import lru_cache
from typing import Any, TypeAlias, cast

import orjson

SELF = "."
"""In a set: the element that the set lies below is a member itself."""

Order: TypeAlias = tuple[Any, ...]
_ESCAPES = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&\u2028\u2029"}
"""Go's encoder writes these so."""


def of_value(value: Any) -> str:
    """The item of a set."""
    return "v:" + _json(value)


def of_keys(keys: dict[str, Any]) -> str:
    """The item of a list whose items are told apart by `keys`, which come sorted by name."""
    return "k:" + _json(keys)


@lru_cache(maxsize=4096)
def canonical(element: str) -> str | None:
    """`element` as this module writes it; None for a kind of element that is not known. Raises ValueError."""
    kind, content = element[:2], element[2:]
    if len(element) < 2 or kind[1] != ":":
        raise ValueError(f"missing colon: {element}" if len(element) > 1 else "key must be 2 characters long:")
    match kind:
        case "f:":
            return element
        case "v:":
            return of_value(_plain(orjson.loads(content)))
        case "k:":
            keys = orjson.loads(content)
            if not isinstance(keys, dict):
                raise ValueError(f"not an object: {content}")
            given = cast("dict[str, Any]", keys)
            return of_keys({name: _plain(given[name]) for name in sorted(given)})
        case "i:":
            return f"i:{int(content)}"
        case _:
            return None


@lru_cache(maxsize=4096)
def order(element: str) -> Order:
    """What elements are sorted by: fields, then keys, values and indexes, each by what they are rather than by text."""
    content = element[2:]
    match element[:2]:
        case "f:":
            return (0, content)
        case "k:":
            keys = cast("dict[str, Any]", orjson.loads(content))
            return (1, tuple((name, _rank(value)) for name, value in keys.items()))
        case "v:":
            return (2, _rank(orjson.loads(content)))
        case "i:":
            return (3, int(content))
        case _:
            return (-1,)


def shown(element: str) -> str:
    """As messages name it: `.name`, `[port=80]`, `[="a"]`, `[0]`."""
    content = element[2:]
    match element[:2]:
        case "f:":
            return f".{content}"
        case "k:":
            keys = cast("dict[str, Any]", orjson.loads(content))
            return "[" + ",".join(f"{name}={text(value)}" for name, value in keys.items()) + "]"
        case "v:":
            return f"[={text(orjson.loads(content))}]"
        case _:
            return f"[{content}]"


def sorted_json(value: Any) -> str:
    """As Go's encoder writes a map."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode().translate(_ESCAPES)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode().translate(_ESCAPES)


def _plain(value: Any) -> Any:
    """A number that is whole is written so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _rank(value: Any) -> Order:
    """Numbers, text, truths, the rest."""
    match value:
        case bool():
            return (2, value)
        case int() | float():
            return (0, value)
        case str():
            return (1, value)
        case None:
            return (5, 0)
        case _:
            return (3, _json(value))


def text(value: Any) -> str:
    """A value as messages show it."""
    return "null" if value is None else orjson.dumps(value).decode()
