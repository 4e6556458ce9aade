"""One change of one object, for everybody who watches it."""

from datetime import datetime
from typing import Literal

from podvisor.apiserver.resource import Resource
from podvisor.apiserver.selection import Selection
from podvisor.apiserver.state import State
from podvisor.apiserver.watching.forms import Form
from podvisor.store.backend import Event, EventKind

Kind = Literal["ADDED", "MODIFIED", "DELETED"]


class Change:
    """An event of the store, with what has been read and encoded of it."""

    __slots__ = ("_frames", "before", "key", "now", "revision")

    def __init__(self, resource: Resource, event: Event) -> None:
        self.key = event.kv.key
        self.revision = event.kv.mod_revision
        self.before = State(resource, event.prev_kv) if event.prev_kv else None
        self.now = State(resource, event.kv) if event.kind is EventKind.PUT else None
        """None where the object was deleted."""
        self._frames: dict[tuple[Kind, Form], bytes] = {}

    def _kind(self, chosen: Selection) -> Kind | None:
        """What somebody sees of it: an object can also enter and leave a selection. None for nothing."""
        was = self.before is not None and chosen.holds(self.before)
        if self.now is not None and chosen.holds(self.now):
            return "MODIFIED" if was else "ADDED"
        return "DELETED" if was else None

    def frame(self, chosen: Selection, form: Form, now: datetime) -> bytes:
        """The line of a watch that shows it, encoded once for all who want it so; empty for who sees nothing."""
        if (kind := self._kind(chosen)) is None:
            return b""
        if (found := self._frames.get((kind, form))) is None:
            # What leaves a selection is shown as it last was in it, at the revision at which it left.
            state = self.before if kind == "DELETED" else self.now
            assert state is not None
            found = self._frames[kind, form] = line(kind, form.encode(state, self.revision, now))
        return found


def line(kind: str, item: bytes) -> bytes:
    """A line of a watch (`meta/v1` WatchEvent)."""
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), item)
