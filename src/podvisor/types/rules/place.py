"""Where a rule looks: a value, its path, what it was before, and all that is above it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from podvisor.types.field import Path

Json = dict[str, Any]


@dataclass(slots=True)
class At:
    """One place in an object that is being checked. Paths are only put together when there is something to say."""

    value: Any
    """What stands there, None where nothing does."""
    step: str = ""
    """The last part of the path: `name`, `[0]`, `[key]`; empty for a place whose path is that of the one above."""
    up: "At | None" = None
    old: Any = None
    """What stood there before, None where nothing did."""
    updating: bool = False
    scope: str = ""
    """A name under which rules further down find this place."""

    @property
    def path(self) -> Path:
        """`spec.containers[0].name`."""
        if self.up is None:
            return Path(self.step)
        above = self.up.path
        if not self.step:
            return above
        return Path(above + self.step) if self.step.startswith("[") else above.child(self.step)

    def child(self, name: str, shown: str | None = None) -> "At":
        """The place of a field below this one; an empty string counts as nothing, as in Go.

        `shown` is its name in paths where Kubernetes' errors have another, or none.
        """
        value, old = _entry(self.value, name), _entry(self.old, name)
        step = name if shown is None else shown
        return At(None if value == "" else value, step, self, None if old == "" else old, self.updating)

    def item(self, index: int, value: Any) -> "At":
        """The place of an item of this list. What it was before is not known: lists have no order that lasts."""
        return At(value, f"[{index}]", self)

    def entry(self, key: str, value: Any) -> "At":
        """The place of an entry of this map."""
        return At(value, f"[{key}]", self, _entry(self.old, key), self.updating)

    def items(self) -> Iterator["At"]:
        """Every item of this list; none if it is not there."""
        for index, value in enumerate(cast("list[Any]", self.value or ())):
            yield self.item(index, value)

    def get(self, *names: str) -> Any:
        """The value at a path below; None where something on the way is missing."""
        value = self.value
        for name in names:
            if not isinstance(value, dict):
                return None
            value = cast("Json", value).get(name)
        return value

    def mapping(self, *names: str) -> Json:
        """The map or object at a path below, empty where there is none."""
        value = self.get(*names)
        return cast("Json", value) if isinstance(value, dict) else {}

    def listed(self, *names: str) -> list[Any]:
        """The list at a path below, empty where there is none."""
        value = self.get(*names)
        return cast("list[Any]", value) if isinstance(value, list) else []

    def inside(self, scope: str) -> "At":
        """The nearest place above that a rule table named `scope`. KeyError if there is none."""
        place: At | None = self
        while place is not None:
            if place.scope == scope:
                return place
            place = place.up
        raise KeyError(scope)


def _entry(value: Any, key: str) -> Any:
    return cast("Json", value).get(key) if isinstance(value, dict) else None
