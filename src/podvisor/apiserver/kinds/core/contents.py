"""What ConfigMap and Secret have in common: keys that can be file names, one size, and content that may be sealed."""

from collections.abc import Iterator

from podvisor.apiserver.resource import Column, Json
from podvisor.types import field, names, rules

LARGEST = 1024 * 1024
DATA = Column("Data", "string", description="Number of keys in the object")
KEYS = rules.each_key(rules.matches(names.config_key))


def sealed(*fields: str) -> rules.Rule:
    """`immutable: true` stays, and these fields with it."""
    detail = "field is immutable when `immutable` is set"

    def was_sealed(at: rules.At) -> bool:
        return at.updating and bool(at.old.get("immutable"))

    def unsealed(at: rules.At) -> Iterator[field.Error]:
        if not at.value:
            yield field.forbidden(at.path, detail)

    return rules.when(
        was_sealed,
        rules.field("immutable", rules.Check("unsealed", unsealed, asks_nothing=True)),
        *(rules.field(name, rules.forbidden_change(detail)) for name in fields),
    )


def count(item: Json) -> int:
    """The number of keys."""
    return len(item.get("data", {})) + len(item.get("binaryData", {}))


def decoded_size(value: str) -> int:
    """The bytes that base64 stands for."""
    return len(value) * 3 // 4 - value[-2:].count("=")
