"""The journal on LMDB: a copy-on-write B+tree, where a commit is two syncs and recovery is opening the file.

Nothing is replayed and nothing is half-written: LMDB writes new pages beside the old ones and then one root page,
checked at opening. What lies in the file, and how damage is found, says `lmdb_layout`. See http://www.lmdb.tech/doc/
and `mdb_env_set_mapsize` there for how the map may grow.

Beside the file lies `version`, written once the store is usable: with it, a file that is missing or empty is damage.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import lmdb

from podvisor.store import journal, lmdb_file, lmdb_layout
from podvisor.store.backend import KeyValue
from podvisor.store.errors import AlreadyOpen, Damaged, NoSpace, Unavailable
from podvisor.store.journal import Batch, Contents
from podvisor.store.lmdb_layout import State

MAP_FIRST = 64 << 20
"""The size of a new map. Address space only: the file grows page by page."""
RESERVE = 16 << 20
"""Map beyond the limit that only deletions and compaction may use, so that a full store can be emptied."""
SLACK = 1 << 20
"""More than the pages of the tree above one batch of records."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What a host says when a file may not grow, of which a smaller write may still be possible."""
SHOWN = 5
"""Damaged records that an error names."""

Transaction: TypeAlias = "lmdb.Transaction[bytes]"


class LmdbJournal:
    """The journal in a directory, held by one process at a time. Raises AlreadyOpen, Damaged, OSError."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = path
        self._max_bytes = max_bytes
        self._lock = _lock(path)
        try:
            self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def load(self) -> Contents:
        try:
            with self._env.begin() as txn:
                stored = txn.cursor(self._leases)
                leases = {lmdb_layout.to_number(key): lmdb_layout.to_ttl(key, ttl) for key, ttl in stored}
        except (ValueError, lmdb.Error) as error:
            raise Damaged(self._path, str(error)) from error
        if len(leases) != self._state.leases:
            raise Damaged(self._path, f"{self._state.leases} leases were stored, and {len(leases)} are there")
        return Contents(self._state.compacted, leases, self._read())

    def commit(self, batch: Batch) -> None:
        while True:
            try:
                with self._env.begin(write=True) as txn:
                    after = self._write(txn, batch)
                self._state = after
                return
            except lmdb.MapFullError:
                self._grow(batch.grows)
            except lmdb.Error as error:
                raise self._refusal(error, batch) from error

    def close(self) -> None:
        self._env.close()
        os.close(self._lock)

    def _open(self) -> None:
        data, version = self._path / "data.mdb", self._path / "version"
        if version.exists() and not (data.exists() and data.stat().st_size):
            raise Damaged(self._path, f"{data.name} is {'empty' if data.exists() else 'missing'}")
        lmdb_file.check(data)
        try:
            self._env = lmdb.open(str(self._path), map_size=min(MAP_FIRST, self._max_bytes), max_dbs=3, mode=0o600)
            self._records, self._leases, self._meta = map(self._env.open_db, (b"records", b"leases", b"meta"))
            self._state = self._known() or self._first()
        except lmdb.DiskError as error:
            raise OSError(error.code, os.strerror(error.code), str(self._path)) from error
        except (ValueError, lmdb.Error) as error:
            raise Damaged(self._path, str(error)) from error
        if not version.exists():
            version.write_bytes(lmdb_layout.FORMAT + b"\n")
            _sync_directory(self._path)

    def _known(self) -> State | None:
        """The state that the last transaction left, if that was one of this format. Raises ValueError, Damaged."""
        with self._env.begin() as txn:
            found, kept = txn.get(b"format", db=self._meta), txn.get(b"state", db=self._meta)
        if found in (None, lmdb_layout.UNCHECKED):
            return None
        if found != lmdb_layout.FORMAT:
            raise Damaged(self._path, f"its format is {found!r}, this version reads {lmdb_layout.FORMAT!r}")
        state = lmdb_layout.to_state(kept or b"")
        # Opening a table commits nothing, so LMDB's own last transaction is that of our last commit.
        if state.transaction != (last := self._env.info()["last_txnid"]):
            raise Damaged(self._path, f"its state is that of transaction {state.transaction}, not of {last}")
        return state

    def _first(self) -> State:
        """Begin a store, or give every record and lease of format 1 its checksum: in one transaction either way."""
        while True:
            try:
                with self._env.begin(write=True) as txn:
                    return self._convert(txn)
            except lmdb.MapFullError:
                self._grow(grows=False)

    def _convert(self, txn: Transaction) -> State:
        compacted = txn.pop(b"compacted", db=self._meta)
        for key, record in list(txn.cursor(self._records)):
            place = lmdb_layout.to_place(key)
            txn.put(key, journal.encode(place, journal.decode_unchecked(place, record)), db=self._records)
        for key, ttl in list(txn.cursor(self._leases)):
            txn.put(key, lmdb_layout.lease(key, lmdb_layout.to_number(ttl)), db=self._leases)
        last = txn.cursor(self._records)
        revision = lmdb_layout.to_place(last.key())[0] if last.last() else 0
        txn.put(b"format", lmdb_layout.FORMAT, db=self._meta)
        return self._seal(txn, State(lmdb_layout.to_number(compacted) if compacted else 0, revision, 0, 0, 0))

    def _read(self) -> Iterator[tuple[int, KeyValue]]:
        """The records, in order. Raises Damaged, naming what is, once all that can be read has been looked at."""
        damaged: list[str] = []
        found = last = 0
        try:
            with self._env.begin() as txn:
                for key, record in txn.cursor(self._records):
                    found += 1
                    try:
                        place = lmdb_layout.to_place(key)
                        kv = journal.decode(place, record)
                    except ValueError as error:
                        damaged.append(str(error))
                    else:
                        last = place[0]
                        yield place[1], kv
        except lmdb.Error as error:
            raise Damaged(self._path, str(error)) from error
        if found != self._state.records:
            damaged.append(f"{self._state.records} records were stored, and {found} are there")
        elif last != self._state.revision and not damaged:
            damaged.append(f"revision {self._state.revision} was stored last, and {last} is the last that is there")
        if damaged:
            more = f", and {len(damaged) - SHOWN} more" if len(damaged) > SHOWN else ""
            raise Damaged(self._path, "; ".join(damaged[:SHOWN]) + more)

    def _write(self, txn: Transaction, batch: Batch) -> State:
        """Write a batch; the state after it. Raises Unavailable where what must be there is not."""
        after = self._state
        for change in batch.changes:
            place = (change.revision, change.index)
            record = journal.encode(place, change.event.kv)
            txn.put(lmdb_layout.place(*place), record, db=self._records, append=True)
        if batch.changes:
            after = replace(after, revision=batch.changes[-1].revision)
        for lease in batch.ended:
            txn.delete(lmdb_layout.number(lease), db=self._leases)
        for lease, ttl in batch.granted.items():
            key = lmdb_layout.number(lease)
            txn.put(key, lmdb_layout.lease(key, ttl), db=self._leases)
        if batch.compacted is not None:
            after = replace(after, compacted=batch.compacted)
        for place in batch.garbage:
            if not txn.delete(lmdb_layout.place(*place), db=self._records):
                raise Unavailable(f"{self._path} is damaged: revision {place[0]} is not there any more")
        return self._seal(txn, after)

    def _seal(self, txn: Transaction, state: State) -> State:
        """Write the state that `txn` leaves."""
        records, leases = (txn.stat(table)["entries"] for table in (self._records, self._leases))
        state = replace(state, records=records, leases=leases, transaction=txn.id())
        txn.put(b"state", lmdb_layout.state(state), db=self._meta)
        return state

    def _grow(self, grows: bool) -> None:
        """Make the map larger. Only this thread uses it, and no transaction is open, as LMDB asks."""
        size = self._env.info()["map_size"]
        limit = self._max_bytes if grows else self._max_bytes + RESERVE
        if size >= limit:
            raise NoSpace(f"the store has reached its limit of {self._max_bytes >> 20} MiB")
        self._env.set_mapsize(min(size * 2, limit))

    def _refusal(self, error: lmdb.Error, batch: Batch) -> NoSpace | Unavailable:
        """What a failed commit means. LMDB has dropped the transaction; its pages are reachable from no root.

        A disk that fills in the middle of a write makes it short, which LMDB reports as EIO: so ask for the room.
        """
        code = error.code
        if code == errno.EIO:
            code = self._ask_for_room(sum(len(change.event.kv.value) for change in batch.changes) + SLACK)
        if code in FULL:
            return NoSpace(os.strerror(code))
        return Unavailable(f"the disk did not take a write: {error}")

    def _ask_for_room(self, size: int) -> int:
        """Make the file longer; the error number if that fails, else 0. LMDB does not mind a long file."""
        with (self._path / "data.mdb").open("r+b") as data:
            try:
                os.posix_fallocate(data.fileno(), data.seek(0, os.SEEK_END), size)
            except OSError as error:
                return error.errno or errno.EIO
        return 0


def _lock(path: Path) -> int:
    """The directory's lock, which goes with its process however that ends. The file holds the owner's pid."""
    lock = os.open(path / "owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 32, 0).decode(errors="replace").strip()
        os.close(lock)
        raise AlreadyOpen(path, owner) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _sync_directory(path: Path) -> None:
    """Make the names of new files durable, which syncing the files does not (fsync(2)); LMDB leaves this to us."""
    for directory in (path, path.parent):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
