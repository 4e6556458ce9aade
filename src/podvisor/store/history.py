"""Every revision that can still be read, in memory: the multi-version state that answers ranges and watches.

Pure data: no I/O, no tasks. Only changes that are durable are applied, so whatever is in here may be shown.
Where etcd keeps an index in memory and the values on disk (`server/storage/mvcc/index.go`), this keeps both.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from sortedcontainers import SortedDict, SortedSet

from podvisor.store.backend import ALL, Event, EventKind, KeyValue, RangeResult
from podvisor.store.errors import Compacted, FutureRevision


class Change(Struct, frozen=True, gc=False):
    """One change of one key, and its place in its transaction: the unit that is journalled and forgotten."""

    index: int
    event: Event

    @property
    def revision(self) -> int:
        return self.event.kv.mod_revision

    @property
    def key(self) -> bytes:
        return self.event.kv.key

    @property
    def deleted(self) -> bool:
        return self.event.kind is EventKind.DELETE


def put(index: int, kv: KeyValue, prev: KeyValue | None) -> Change:
    """The change that leaves `kv`."""
    return Change(index, Event(EventKind.PUT, kv, prev))


def tombstone(index: int, revision: int, key: bytes, prev: KeyValue | None) -> Change:
    """The change that deletes `key`."""
    return Change(index, Event(EventKind.DELETE, KeyValue(key, b"", 0, revision, 0), prev))


def contains(start: bytes, end: bytes | None, key: bytes) -> bool:
    """Whether the range from `start` to `end` holds `key`."""
    if end is None:
        return key == start
    return start <= key and (end == ALL or key < end)


def _revision(change: Change) -> int:
    return change.event.kv.mod_revision


class History:
    """The live keys, and every change since the oldest readable revision.

    Costs: a range now is O(log n + answer); a range in the past also passes over every key of the range; the
    changes since a revision are found by bisection.
    """

    def __init__(self) -> None:
        self.revision = 1
        """The newest revision."""
        self.compacted = 0
        """The oldest revision that can be read."""
        self.written = 0
        """Bytes of the keys and values of all changes that were ever applied here."""
        self._swept = 0
        self._live: SortedDict[bytes, KeyValue] = SortedDict()
        self._dead: SortedSet[bytes] = SortedSet()
        self._versions: dict[bytes, list[Change]] = {}
        self._changes: list[Change] = []

    def get(self, key: bytes) -> KeyValue | None:
        """The key as it is now."""
        return self._live.get(key)

    def live(self, start: bytes, end: bytes | None) -> Iterator[KeyValue]:
        """The keys of a range as they are now, in order."""
        if end is None:
            return iter([kv] if (kv := self._live.get(start)) else [])
        return (self._live[key] for key in self._live.islice(*self._span(start, end)))

    def range(
        self, start: bytes, end: bytes | None, *, revision: int = 0, limit: int = 0, count_only: bool = False
    ) -> RangeResult:
        """As `Backend.range`."""
        self.check_readable(revision)
        if revision in (0, self.revision):
            return self._now(start, end, limit, count_only)
        return answer(self.revision, list(self._then(start, end, revision)), limit, count_only)

    def check_readable(self, revision: int) -> None:
        """Raise unless `revision` (0: now) can be read."""
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)
        if 0 < revision < self.compacted:
            raise Compacted(self.compacted)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take in changes that follow all those before them, in order."""
        for change in changes:
            self._changes.append(change)
            self._versions.setdefault(change.key, []).append(change)
            self.written += len(change.event.kv.key) + len(change.event.kv.value)
            self.revision = change.revision
            self._show(change)

    def load(self, changes: Iterable[tuple[int, KeyValue]]) -> None:
        """Take in what a journal kept: the index of each change in its transaction, and what it left."""
        for index, kv in changes:
            before = self._live.get(kv.key)
            change = put(index, kv, before) if kv.version else tombstone(index, kv.mod_revision, kv.key, before)
            self.apply([change])

    def changes(self, start: bytes, end: bytes | None, since: int, *, limit: int) -> tuple[Sequence[Event], int]:
        """Events of a range from revision `since` on, and the revision up to which these are all of them.

        Looks at about `limit` changes at most, and stops only between transactions. Raises Compacted.
        """
        if since < self.compacted:
            raise Compacted(self.compacted)
        first = bisect_left(self._changes, since, key=_revision)
        last = self._transaction_end(first + limit)
        upto = self.revision if last >= len(self._changes) else self._changes[last - 1].revision
        window = self._changes[first:last]
        return [change.event for change in window if contains(start, end, change.key)], upto

    def check_compactable(self, revision: int) -> None:
        """Raise unless history can be cut at `revision`."""
        if revision > self.revision:
            raise FutureRevision(revision, self.revision)
        if revision <= self.compacted:
            raise Compacted(self.compacted)

    def compact(self, revision: int) -> None:
        """Make the revisions before `revision` unreadable. `forget` then gives their space back."""
        self.compacted = revision

    def forget(self, limit: int) -> Sequence[Change]:
        """Drop versions that no readable revision sees, passing over about `limit` changes; return what was dropped.

        Oldest first, so that a journal that deletes them in this order never has a key come back to life.
        """
        first = bisect_left(self._changes, self._swept, key=_revision)
        last = min(bisect_right(self._changes, self.compacted, key=_revision), self._transaction_end(first + limit))
        passed = self._changes[first:last]
        ended = last == len(self._changes) or self._changes[last].revision > self.compacted
        self._swept = self.compacted if ended else passed[-1].revision
        garbage = [old for key in {change.key: None for change in passed} for old in self._superseded(key, self._swept)]
        del self._changes[: bisect_left(self._changes, min(self._swept + 1, self.compacted), key=_revision)]
        return sorted(garbage, key=lambda change: (change.revision, change.index))

    @property
    def unforgotten(self) -> bool:
        """Whether `forget` has work left."""
        return self._swept < self.compacted

    def _superseded(self, key: bytes, upto: int) -> Sequence[Change]:
        """Remove and return the versions of `key` that nobody sees, looking at revisions up to `upto`."""
        versions = self._versions.get(key, [])
        keep = max(bisect_right(versions, upto, key=_revision) - 1, 0)
        if versions and versions[keep].deleted and versions[keep].revision < min(upto + 1, self.compacted):
            keep += 1
        garbage = versions[:keep]
        del versions[:keep]
        if not versions:
            self._versions.pop(key, None)
            self._dead.discard(key)
        return garbage

    def _transaction_end(self, position: int) -> int:
        """The first place at or after `position` in the changes where a transaction ends."""
        while 0 < position < len(self._changes) and _revision(self._changes[position]) == _revision(
            self._changes[position - 1]
        ):
            position += 1
        return min(position, len(self._changes))

    def _show(self, change: Change) -> None:
        if change.deleted:
            self._live.pop(change.key, None)
            self._dead.add(change.key)
        else:
            self._live[change.key] = change.event.kv
            self._dead.discard(change.key)

    def _span(self, start: bytes, end: bytes) -> tuple[int, int]:
        first = self._live.bisect_left(start)
        last = len(self._live) if end == ALL else self._live.bisect_left(end)
        return first, max(first, last)

    def _now(self, start: bytes, end: bytes | None, limit: int, count_only: bool) -> RangeResult:
        if end is None:
            return answer(self.revision, list(self.live(start, None)), limit, count_only)
        first, last = self._span(start, end)
        count = last - first
        if count_only:
            return RangeResult(self.revision, [], count, more=False)
        stop = min(last, first + limit) if limit else last
        kvs = [self._live[key] for key in self._live.islice(first, stop)]
        return RangeResult(self.revision, kvs, count, more=stop < last)

    def _then(self, start: bytes, end: bytes | None, revision: int) -> Iterator[KeyValue]:
        """The keys of a range as `revision` left them, in order."""
        for key in self._ever(start, end):
            kv = self._live.get(key)
            if kv is None or kv.mod_revision > revision:
                kv = self._version(key, revision)
            if kv is not None:
                yield kv

    def _version(self, key: bytes, revision: int) -> KeyValue | None:
        versions = self._versions.get(key, [])
        place = bisect_right(versions, revision, key=_revision)
        if place == 0 or versions[place - 1].deleted:
            return None
        return versions[place - 1].event.kv

    def _ever(self, start: bytes, end: bytes | None) -> Sequence[bytes]:
        """The keys of a range that live or have a history, in order."""
        if end is None:
            return [start]
        last = None if end == ALL else end
        dead = list(self._dead.irange(start, last, inclusive=(True, False)))
        live = list(self._live.irange(start, last, inclusive=(True, False)))
        return sorted(live + dead) if dead else live


def answer(revision: int, kvs: Sequence[KeyValue], limit: int, count_only: bool) -> RangeResult:
    """The answer for a range that holds `kvs`."""
    if count_only:
        return RangeResult(revision, [], len(kvs), more=False)
    shown = kvs[:limit] if limit else kvs
    return RangeResult(revision, shown, len(kvs), more=len(shown) < len(kvs))
