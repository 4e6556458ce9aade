"""One batch of writes as it is being thought out: the history, and on top of it what is not durable yet.

A step (a transaction, a lease that begins or ends) reads and changes the draft. If the journal then takes the batch,
its changes are applied to the history; if not, the draft is thrown away and nothing has happened.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from podvisor.store import history as histories
from podvisor.store.backend import Delete, DeleteResult, KeyValue, Op, OpResult, Put, PutResult, Range, RangeResult
from podvisor.store.errors import Compacted, LeaseExists, LeaseNotFound
from podvisor.store.history import Change, History
from podvisor.store.leases import Leases

T = TypeVar("T")


class Draft:
    """The state after a batch. A step must check everything before it changes anything: it cannot be undone alone."""

    def __init__(self, history: History, leases: Leases) -> None:
        self.revision = history.revision
        """The revision after the steps so far."""
        self.changes: list[Change] = []
        """What the batch changes, in order."""
        self.granted: dict[int, int] = {}
        """Leases that begin, with their time to live."""
        self.ended: set[int] = set()
        """Leases that end."""
        self.compacted: int | None = None
        """The oldest revision that stays readable, if the batch changes that."""
        self._history = history
        self._leases = leases
        self._over: dict[bytes, KeyValue | None] = {}

    @property
    def empty(self) -> bool:
        """Whether there is nothing to make durable."""
        return not (self.changes or self.granted or self.ended or self.compacted)

    @property
    def grows(self) -> bool:
        """Whether the batch adds values or leases, rather than only taking things away."""
        return bool(self.granted) or not all(change.deleted for change in self.changes)

    def get(self, key: bytes) -> KeyValue | None:
        """The key as the batch leaves it so far."""
        return self._over[key] if key in self._over else self._history.get(key)

    def range(self, wanted: Range) -> RangeResult:
        """Read as the batch leaves things so far, or a past revision."""
        if wanted.revision:
            return self._history.range(
                wanted.start,
                wanted.end,
                revision=wanted.revision,
                limit=wanted.limit,
                count_only=wanted.count_only,
            )
        kvs = self._keys(wanted.start, wanted.end)
        return histories.answer(self.revision, kvs, wanted.limit, wanted.count_only)

    def perform(self, ops: Sequence[Op]) -> Sequence[OpResult]:
        """Do the operations of one transaction. They have been checked (`transactions.check`)."""
        revision, before = self.revision + 1, len(self.changes)
        results = [self._operate(op, revision, before) for op in ops]
        if len(self.changes) > before:
            self.revision = revision
        return results

    def has_lease(self, lease: int) -> bool:
        """Whether a lease runs, as the batch leaves it so far."""
        return lease in self.granted or (lease in self._leases and lease not in self.ended)

    def grant(self, lease: int, ttl: int) -> None:
        """Begin a lease. Raises LeaseExists."""
        if self.has_lease(lease):
            raise LeaseExists(lease)
        self.granted[lease] = ttl

    def end_lease(self, lease: int) -> None:
        """End a lease and delete its keys as one transaction. Raises LeaseNotFound."""
        if not self.has_lease(lease):
            raise LeaseNotFound(lease)
        keys = self._attached(lease)
        self.granted.pop(lease, None)
        self.ended.add(lease)
        self.perform([Delete(key) for key in keys])

    def compact(self, revision: int) -> None:
        """Make the revisions before `revision` unreadable. Raises Compacted, FutureRevision."""
        self._history.check_compactable(revision)
        if self.compacted is not None and revision <= self.compacted:
            raise Compacted(self.compacted)
        self.compacted = revision

    def _operate(self, op: Op, revision: int, before: int) -> OpResult:
        match op:
            case Range():
                return self._range_within(op, before)
            case Put():
                return PutResult(self._put(op, revision, len(self.changes) - before))
            case Delete():
                gone = self._keys(op.start, op.end)
                for kv in gone:
                    self._delete(kv, revision, len(self.changes) - before)
                return DeleteResult(gone)

    def _range_within(self, wanted: Range, before: int) -> RangeResult:
        """A range between the operations of a transaction: its own changes so far are seen."""
        result = self.range(wanted)
        if wanted.revision == 0 and len(self.changes) > before:
            return RangeResult(self.revision + 1, result.kvs, result.count, result.more)
        return result

    def _put(self, op: Put, revision: int, index: int) -> KeyValue | None:
        prev = self.get(op.key)
        created, version = (prev.create_revision, prev.version) if prev else (revision, 0)
        kv = KeyValue(op.key, op.value, created, revision, version + 1, op.lease)
        self.changes.append(histories.put(index, kv, prev))
        self._over[op.key] = kv
        return prev

    def _delete(self, prev: KeyValue, revision: int, index: int) -> None:
        self.changes.append(histories.tombstone(index, revision, prev.key, prev))
        self._over[prev.key] = None

    def _keys(self, start: bytes, end: bytes | None) -> Sequence[KeyValue]:
        """The keys of a range as the batch leaves them so far, in order."""
        if end is None:
            return [kv] if (kv := self.get(start)) else []
        under = [kv for kv in self._history.live(start, end) if kv.key not in self._over]
        over = [kv for kv in self._over.values() if kv and histories.contains(start, end, kv.key)]
        return sorted([*under, *over], key=lambda kv: kv.key) if over else under

    def _attached(self, lease: int) -> Sequence[bytes]:
        """The keys on a lease, as the batch leaves them so far, in order."""
        before: Iterable[bytes] = self._leases.keys(lease) if lease in self._leases else ()
        under = {key for key in before if key not in self._over}
        return sorted(under | {kv.key for kv in self._over.values() if kv and kv.lease == lease})
