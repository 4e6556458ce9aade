"""A way back from damage: what can still be read of a store, and a new file made of that.

A record carries a checksum of its place and its content (`journal`) and is never changed, so wherever in the file a
whole one is found, it is what was written. Pages that are in no tree any more hold records as well: only those that
are newer than the last compaction are taken, since an older one may have been deleted since.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podvisor.store import history, journal, lmdb_file, lmdb_layout, lmdb_pages
from podvisor.store.backend import KeyValue
from podvisor.store.errors import Damaged
from podvisor.store.history import Change
from podvisor.store.journal import Batch, Place
from podvisor.store.lmdb_journal import LmdbJournal
from podvisor.store.lmdb_layout import State

LEASE = 3600
"""Seconds to live of a lease that is lost while keys are attached to it: that of Events, the only ones with one."""
_STEP = 1000


@dataclass(slots=True)
class Found:
    """What can be read of a store."""

    state: State | None = None
    """What the last transaction says that there must be; None where that is lost as well."""
    records: dict[Place, KeyValue] = field(default_factory=dict[Place, KeyValue])
    leases: dict[int, int] = field(default_factory=dict[int, int])
    damaged: list[str] = field(default_factory=list[str])
    """Records that are there and are not what was written."""

    @property
    def missing(self) -> int | None:
        """How many records cannot be read; None where nobody knows how many there were."""
        return None if self.state is None else self.state.records - len(self.records)

    @property
    def keys(self) -> Mapping[bytes, KeyValue]:
        """The last that is known of each key."""
        last = {kv.key: kv for _, kv in sorted(self.records.items())}
        return {key: kv for key, kv in last.items() if kv.version}


def look(path: Path) -> Found:
    """Read whatever can be read of the store in `path`, which nobody may have open. Raises OSError."""
    found, data = Found(), path / "data.mdb"
    if not data.exists() or not data.stat().st_size:
        return found
    page_size, root = lmdb_file.newest_root(data)
    for table, key, value in lmdb_pages.tables(data, page_size, root):
        try:
            _take(found, table, key, value)
        except ValueError as error:
            found.damaged.append(str(error))
    if found.state is None or found.missing:
        _search(found, list(lmdb_pages.anywhere(data, page_size)))
    return found


def check(path: Path) -> Found:
    """As `look`. Raises AlreadyOpen, Damaged where anything is not as it was written, OSError."""
    store = LmdbJournal(path, max_bytes=1 << 40)
    try:
        for _ in store.load().records:
            pass
    finally:
        store.close()
    return look(path)


def repair(path: Path, found: Found) -> Path:
    """Put a new file with what was `found` in place of the damaged one; where that is now.

    History is given up, so that whoever watched lists anew. The revision grows beyond all that were given out.
    """
    made, kept = path / "repaired", _free_name(path / "data.mdb.damaged")
    _remove(made)
    _write(made, found)
    if (path / "data.mdb").exists():
        (path / "data.mdb").rename(kept)
    (made / "data.mdb").rename(path / "data.mdb")
    (path / "lock.mdb").unlink(missing_ok=True)
    (path / "version").write_bytes((made / "version").read_bytes())
    _remove(made)
    return kept


def _take(found: Found, table: bytes, key: bytes, value: bytes) -> None:
    """Take in an entry of a table. Raises ValueError for one that is not as it was written."""
    if table == b"records":
        place = lmdb_layout.to_place(key)
        found.records[place] = journal.decode(place, value)
    elif table == b"leases":
        found.leases[lmdb_layout.to_number(key)] = lmdb_layout.to_ttl(key, value)
    elif key == b"state":
        found.state = lmdb_layout.to_state(value)


def _search(found: Found, entries: Sequence[tuple[bytes, bytes]]) -> None:
    """Look for missing records on all pages, and before that for the last state."""
    if found.state is None:
        found.state = max(_states(entries), key=lambda state: state.transaction, default=None)
    if (state := found.state) is None:
        return
    for key, value in entries:
        with contextlib.suppress(ValueError):
            place = lmdb_layout.to_place(key)
            if state.compacted < place[0] <= state.revision:
                found.records.setdefault(place, journal.decode(place, value))


def _states(entries: Iterable[tuple[bytes, bytes]]) -> Iterator[State]:
    for key, value in entries:
        if key == b"state":
            with contextlib.suppress(ValueError):
                yield lmdb_layout.to_state(value)


def _write(path: Path, found: Found) -> None:
    """A new store with what was found. Raises Damaged where that is nothing."""
    changes = [_change(place, kv) for place, kv in sorted(found.records.items())]
    if not changes:
        raise Damaged(path.parent, "nothing of it can be read; restore a snapshot")
    last = max(changes[-1].revision, found.state.revision if found.state else 0) + 1
    # A deletion of what never was: it holds the place of the newest revision.
    changes.append(history.tombstone(0, last, b"\0repaired", None))
    lost = {change.event.kv.lease for change in changes} - found.leases.keys() - {0}
    store = LmdbJournal(path, max_bytes=1 << 40)
    try:
        store.commit(Batch(granted=found.leases | dict.fromkeys(lost, LEASE)))
        for start in range(0, len(changes), _STEP):
            store.commit(Batch(changes[start : start + _STEP]))
        store.commit(Batch(compacted=last))
    finally:
        store.close()


def _change(place: Place, kv: KeyValue) -> Change:
    index = place[1]
    return history.put(index, kv, None) if kv.version else history.tombstone(index, place[0], kv.key, None)


def _free_name(path: Path) -> Path:
    """`path`, or with a number behind it what is not there yet."""
    names: Sequence[Path] = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, 1000))]
    return next(name for name in names if not name.exists())


def _remove(directory: Path) -> None:
    if directory.exists():
        for file in directory.iterdir():
            file.unlink()
        os.rmdir(directory)
