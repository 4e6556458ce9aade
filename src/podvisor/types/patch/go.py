"""How Go's `%v` and `reflect` write a JSON value: in the messages that clients know."""

from typing import Any, cast


def text(value: Any) -> str:
    """`map[a:1 b:[x y]]`."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case dict():
            entries = cast("dict[str, Any]", value)
            return f"map[{' '.join(f'{key}:{text(entries[key])}' for key in sorted(entries))}]"
        case list():
            return f"[{' '.join(text(item) for item in cast('list[Any]', value))}]"
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        case _:
            return str(value)


def type_name(value: Any) -> str:
    """`map[string]interface {}`."""
    match value:
        case None:
            return "%!s(<nil>)"
        case bool():
            return "bool"
        case int():
            return "int64"
        case float():
            return "float64"
        case str():
            return "string"
        case list():
            return "[]interface {}"
        case _:
            return "map[string]interface {}"
