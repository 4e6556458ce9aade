"""What volumes and claims have in common (https://kubernetes.io/docs/concepts/storage/persistent-volumes/)."""

from collections.abc import Iterator, Sequence

from podvisor.types import field, names, quantity, rules
from podvisor.types.field import Path

_SHORT = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_ALONE = "ReadWriteOncePod"


def _modes(at: rules.At) -> Iterator[field.Error]:
    modes = at.listed("accessModes")
    path = at.path.child("accessModes")
    for mode in modes:
        if mode not in _SHORT:
            yield field.unsupported(path, mode, tuple(_SHORT))
    if _ALONE in modes and any(mode in _SHORT and mode != _ALONE for mode in modes):
        yield field.forbidden(path, "may not use ReadWriteOncePod with other access modes")


ACCESS_MODES = rules.Check("access_modes", _modes)


def short_modes(modes: Sequence[str] | None) -> str:
    """Access modes as columns show them, in their own order."""
    return ",".join(short for mode, short in _SHORT.items() if mode in (modes or ()))


def positive(value: str, path: Path) -> Iterator[field.Error]:
    """Objections to a size."""
    if quantity.parse(value).amount <= 0:
        yield field.invalid(path, value, "must be greater than zero")


CLASS_NAME = rules.matches(names.dns_subdomain)
MODE = rules.one_of("Block", "Filesystem")


def stays(name: str, shown: str) -> rules.Node:
    """A field that never changes, under the path that the real server's error has."""
    return rules.field(name, rules.immutable(), shown=shown)
