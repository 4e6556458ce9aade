"""The journal on LMDB: a copy-on-write B+tree, where a commit is two syncs and recovery is opening the file.

Layout of format 1: `records` maps revision and index (big endian, so in order of writing) to a record, `leases`
maps an id to its seconds to live, `meta` holds the format and the oldest readable revision. Nothing is replayed
and nothing is half-written: LMDB writes new pages beside the old ones and then one root page, checked at opening.
See http://www.lmdb.tech/doc/ and `mdb_env_set_mapsize` there for how the map may grow.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import lmdb

from podvisor.store import journal, lmdb_file
from podvisor.store.backend import KeyValue
from podvisor.store.errors import AlreadyOpen, Damaged, NoSpace, Unavailable
from podvisor.store.journal import Batch, Contents

FORMAT = b"podvisor store 1"
MAP_FIRST = 64 << 20
"""The size of a new map. Address space only: the file grows page by page."""
RESERVE = 16 << 20
"""Map beyond the limit that only deletions and compaction may use, so that a full store can be emptied."""
SLACK = 1 << 20
"""More than the pages of the tree above one batch of records."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What a host says when a file may not grow, of which a smaller write may still be possible."""

_PLACE = struct.Struct(">QI")
_NUMBER = struct.Struct(">q")

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
        with self._env.begin() as txn:
            compacted = txn.get(b"compacted", db=self._meta)
            leases = {_number(key): _number(ttl) for key, ttl in txn.cursor(self._leases)}
        return Contents(_number(compacted) if compacted else 0, leases, self._read())

    def commit(self, batch: Batch) -> None:
        while True:
            try:
                with self._env.begin(write=True) as txn:
                    self._write(txn, batch)
                return
            except lmdb.MapFullError:
                self._grow(batch.grows)
            except lmdb.Error as error:
                raise self._refusal(error, batch) from error

    def close(self) -> None:
        self._env.close()
        os.close(self._lock)

    def _open(self) -> None:
        lmdb_file.check(self._path / "data.mdb")
        try:
            self._env = lmdb.open(str(self._path), map_size=min(MAP_FIRST, self._max_bytes), max_dbs=3, mode=0o600)
            self._records, self._leases, self._meta = map(self._env.open_db, (b"records", b"leases", b"meta"))
            self._check_format()
            _sync_directory(self._path)
        except lmdb.DiskError as error:
            raise OSError(error.code, os.strerror(error.code), str(self._path)) from error
        except lmdb.Error as error:
            raise Damaged(self._path, str(error)) from error

    def _check_format(self) -> None:
        with self._env.begin(write=True) as txn:
            found = txn.get(b"format", db=self._meta)
            if found is None:
                txn.put(b"format", FORMAT, db=self._meta)
            elif found != FORMAT:
                raise Damaged(self._path, f"its format is {found!r}, this version reads {FORMAT!r}")

    def _read(self) -> Iterator[tuple[int, KeyValue]]:
        try:
            with self._env.begin() as txn:
                for place, record in txn.cursor(self._records):
                    revision, index = _PLACE.unpack(place)
                    yield index, journal.decode(revision, record)
        except (ValueError, struct.error, lmdb.Error) as error:
            raise Damaged(self._path, str(error)) from error

    def _write(self, txn: Transaction, batch: Batch) -> None:
        for change in batch.changes:
            place = _PLACE.pack(change.revision, change.index)
            txn.put(place, journal.encode(change.event.kv), db=self._records, append=True)
        for lease in batch.ended:
            txn.delete(_NUMBER.pack(lease), db=self._leases)
        for lease, ttl in batch.granted.items():
            txn.put(_NUMBER.pack(lease), _NUMBER.pack(ttl), db=self._leases)
        if batch.compacted is not None:
            txn.put(b"compacted", _NUMBER.pack(batch.compacted), db=self._meta)
        for place in batch.garbage:
            txn.delete(_PLACE.pack(*place), db=self._records)

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


def _number(data: bytes) -> int:
    return _NUMBER.unpack(data)[0]
