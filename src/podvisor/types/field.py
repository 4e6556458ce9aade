"""What is wrong with a field, in Kubernetes' words (apimachinery `pkg/util/validation/field`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson


class Path(str):
    """Where a field is: `spec.template.spec.containers[0].ports[1].name`."""

    __slots__ = ()

    def child(self, *names: str) -> "Path":
        """A field below this one."""
        return Path(".".join((self, *names) if self else names))

    def at(self, position: int) -> "Path":
        """An item of this list."""
        return Path(f"{self}[{position}]")

    def key(self, key: str) -> "Path":
        """An entry of this map."""
        return Path(f"{self}[{key}]")


ROOT = Path("")


@dataclass(frozen=True, slots=True)
class Error:
    """One objection to one field."""

    field: str
    reason: str
    """The cause's reason: FieldValueInvalid, FieldValueRequired, ..."""
    message: str
    """Without the field: `Invalid value: -1: must be greater than or equal to 0`."""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


Errors: TypeAlias = Iterable[Error]


def invalid(path: str, value: Any, detail: str) -> Error:
    """The value cannot be accepted."""
    return Error(path, "FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}")


def invalid_place(path: str, detail: str) -> Error:
    """What stands here cannot be accepted as a whole; it is not shown."""
    return Error(path, "FieldValueInvalid", f"Invalid value: {detail}")


def required(path: str, detail: str = "") -> Error:
    """The field must be given."""
    return Error(path, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def unsupported(path: str, value: Any, supported: Sequence[str], *, in_order: bool = False) -> Error:
    """The value is none of those that are known; `in_order` is True if the error names them as they are given."""
    known = ", ".join(f'"{item}"' for item in (supported if in_order else sorted(supported)))
    detail = f"Unsupported value: {shown(value)}: supported values: {known}"
    return Error(path, "FieldValueNotSupported", detail)


def duplicate(path: str, value: Any) -> Error:
    """The value must be unique in its list, and is not."""
    return Error(path, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def forbidden(path: str, detail: str) -> Error:
    """The field may not be set, or not be changed."""
    return Error(path, "FieldValueForbidden", f"Forbidden: {detail}")


def too_long(path: str, limit: int) -> Error:
    """The value has too many bytes."""
    return Error(path, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def too_many(path: str, count: int, limit: int) -> Error:
    """The list has too many items."""
    return Error(path, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} items")


def not_found(path: str, value: Any) -> Error:
    """The value names something that is not there."""
    return Error(path, "FieldValueNotFound", f"Not found: {shown(value)}")


def shown(value: Any) -> str:
    """A value as an error message shows it."""
    return "null" if value is None else orjson.dumps(value).decode()
