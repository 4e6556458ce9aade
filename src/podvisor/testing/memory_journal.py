"""A journal that keeps nothing but what a test wants to see again."""

from typing import TYPE_CHECKING

from podvisor.store.journal import Batch, Contents, Place

if TYPE_CHECKING:
    from podvisor.store.backend import KeyValue


class MemoryJournal:
    """The `Journal` of a store that lives in memory only.

    A second store over the same journal finds what was committed, as after a crash. `refuse_with` makes commits fail.
    """

    def __init__(self) -> None:
        self.refuse_with: Exception | None = None
        """What `commit` raises, while set."""
        self.commits = 0
        """How many batches were committed: what a disk would have synced."""
        self._records: dict[Place, KeyValue] = {}
        self._leases: dict[int, int] = {}
        self._compacted = 0

    def load(self) -> Contents:
        records = [(index, kv) for (_, index), kv in sorted(self._records.items())]
        return Contents(self._compacted, dict(self._leases), records)

    def commit(self, batch: Batch) -> None:
        if self.refuse_with is not None:
            raise self.refuse_with
        self.commits += 1
        self._records |= {(change.revision, change.index): change.event.kv for change in batch.changes}
        for lease in batch.ended:
            self._leases.pop(lease, None)
        self._leases |= batch.granted
        if batch.compacted is not None:
            self._compacted = batch.compacted
        for place in batch.garbage:
            del self._records[place]

    def close(self) -> None:
        pass

    @property
    def size(self) -> int:
        """How many records it holds."""
        return len(self._records)
