"""Values as JSON has them, made what their schema says: a text with a date is a timestamp, 3 may be a double."""

import base64
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from podvisor.types.cel import times
from podvisor.types.cel.kinds import Type
from podvisor.types.cel.values import Optional

Converter: TypeAlias = Callable[[Any], Any]


def converter(kind: Type) -> Converter | None:
    """What makes JSON's form of a value CEL's, None if they are the same."""
    match kind.kind:
        case "double":
            return lambda value: float(value) if isinstance(value, int) else value
        case "timestamp":
            return lambda value: times.timestamp(value) if isinstance(value, str) else value
        case "duration":
            return lambda value: times.duration(value) if isinstance(value, str) else value
        case "bytes":
            return lambda value: base64.b64decode(value) if isinstance(value, str) else value
        case "list":
            inner = converter(kind.parameters[0])
            return None if inner is None else lambda value: _list(value, inner)
        case "map":
            inner = converter(kind.parameters[1])
            return None if inner is None else lambda value: _map(value, inner)
        case _:
            # An object's fields are converted when they are selected.
            return None


def through(value: Any, convert: Converter | None) -> Any:
    """The value converted, what is in it if it is an optional."""
    if convert is None or value is None:
        return value
    if isinstance(value, Optional):
        return Optional(True, convert(value.content)) if value.present and value.content is not None else value
    return convert(value)


def _list(value: Any, inner: Converter) -> Any:
    return [inner(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def _map(value: Any, inner: Converter) -> Any:
    return {key: inner(item) for key, item in cast(dict[Any, Any], value).items()} if isinstance(value, dict) else value
