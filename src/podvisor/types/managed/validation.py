"""What is wrong with a configuration: unknown fields, wrong types, items that cannot be told apart.

The words are those of structured-merge-diff.
"""

from collections.abc import Iterator
from typing import Any, cast

from podvisor.types.managed import elements, typed
from podvisor.types.managed.typed import Type

Json = dict[str, Any]
Fault = tuple[str, str]
"""Where (`.spec.ports[0]`), and what."""


class Invalid(ValueError):
    """A configuration that is none of its type."""


def check(kind: Type, config: Any) -> None:
    """Raises Invalid for a configuration that cannot be applied."""
    found = [f"{path}: {why}" if path else why for path, why in _faults(kind, config, "")]
    if found:
        raise Invalid(found[0] if len(found) == 1 else "\n  ".join(("errors:", *found)))


def _faults(kind: Type, value: Any, path: str) -> Iterator[Fault]:
    match kind.holds:
        case "":
            if isinstance(value, dict):
                yield from _of_map(kind, cast("Json", value), path)
            elif isinstance(value, list):
                yield from _of_list(kind, cast("list[Any]", value), path)
        case "map" if value is not None:
            if isinstance(value, dict):
                yield from _of_map(kind, cast("Json", value), path)
            else:
                yield path, f"expected map, got {_shown(value)}"
        case "list" if value is not None:
            if isinstance(value, list):
                yield from _of_list(kind, cast("list[Any]", value), path)
            else:
                yield path, f"expected list, got {_shown(value)}"
        case _:
            if value is not None and (why := _of_scalar(kind.holds, value)):
                yield path, why


def _of_map(kind: Type, value: Json, path: str) -> Iterator[Fault]:
    inner = typed.DEDUCED if kind.holds == "" else kind.items
    for name, item in value.items():
        if (known := kind.fields.get(name)) is not None:
            yield from _faults(known.type, item, f"{path}.{name}")
        elif inner is None:
            yield f"{path}.{name}", "field not declared in schema"
            return
        else:
            yield from _faults(inner, item, f"{path}.{name}")


def _of_list(kind: Type, items: list[Any], path: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        place = f"[{index}]"
        if kind.kind is typed.Kind.LIST:
            try:
                element = typed.element_of(kind, item)
            except typed.Unkeyed as error:
                yield path, f"element {index}: {error}"
                return
            place = elements.shown(element)
            if element in seen:
                yield path, f"duplicate entries for key {place}"
            seen.add(element)
        yield from _faults(kind.items or typed.DEDUCED, item, path + place)


def _of_scalar(holds: str, value: Any) -> str:
    """What is wrong with a plain value; empty if nothing is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match holds:
        case "numeric" if not is_number:
            return f"expected numeric (int or float), got {_go_type(value)}"
        case "string" if not isinstance(value, str):
            return f"expected string, got {_shown(value)}"
        case "boolean" if not isinstance(value, bool):
            return f"expected boolean, got {_shown(value)}"
        case "untyped" if isinstance(value, list | dict):
            return f"expected any scalar, got {_shown(value)}"
        case _:
            return ""


def _shown(value: Any) -> str:
    return elements.text(value)


def _go_type(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case str():
            return "string"
        case list():
            return "[]interface {}"
        case _:
            return "map[string]interface {}"
