"""What others own of what a configuration would change, in upstream's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from podvisor.types.managed import sets
from podvisor.types.managed.managers import Manager
from podvisor.types.managed.sets import Fields, Path


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field of somebody else."""

    manager: Manager
    path: Path

    @property
    def why(self) -> str:
        """For the cause of an error."""
        return f"conflict with {shown(self.manager)}"

    @property
    def field(self) -> str:
        """As messages name it."""
        return sets.shown(self.path)


class Conflicts(Exception):
    """A configuration would change what others own, and was not to force that."""

    def __init__(self, found: Sequence[Conflict]) -> None:
        super().__init__(_message(found))
        self.found = found


def of(taken: Mapping[Manager, Fields]) -> Conflicts:
    """The fields that would be taken from each."""
    by_name = sorted(taken, key=lambda manager: manager.identity)
    return Conflicts([Conflict(manager, path) for manager in by_name for path in sets.paths(taken[manager])])


def shown(manager: Manager) -> str:
    """As messages name a manager: `"kubectl-edit" using apps/v1`."""
    text = orjson.dumps(manager.name).decode()
    if manager.subresource:
        text += f' with subresource "{manager.subresource}"'
    return text if manager.operation == "Apply" else f"{text} using {manager.version}"


def _message(found: Sequence[Conflict]) -> str:
    if len(found) == 1:
        return f"Apply failed with 1 conflict: {found[0].why}: {found[0].field}"
    lines: list[str] = []
    last: Manager | None = None
    for one in found:
        if one.manager != last:
            lines.append(f"conflicts with {shown(one.manager)}:")
            last = one.manager
        lines.append(f"- {one.field}")
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
