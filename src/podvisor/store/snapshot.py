"""A copy of a store in one file, as `etcdctl snapshot save` and `etcdutl snapshot restore` make and take it.

https://etcd.io/docs/v3.5/op-guide/recovery/ ; a snapshot is a data file like any other, of one state. It can be taken
while a server runs: LMDB's readers see one transaction, whatever is written meanwhile.
"""

import os
import shutil
from pathlib import Path

import lmdb

from podvisor.store import salvage
from podvisor.store.errors import Damaged, StoreError
from podvisor.store.salvage import Found


class SnapshotExists(StoreError):
    """A file is where a snapshot, or a restored store, should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already")


def save(store: Path, target: Path) -> Found:
    """Copy the store in a directory, which another process may have open, to the new file `target`; what it holds.

    Raises SnapshotExists, Damaged, OSError.
    """
    if target.exists():
        raise SnapshotExists(target)
    if not (store / "data.mdb").exists():
        raise FileNotFoundError(2, "no store is there", str(store))
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        _copy(store, unfinished)
        found = verify(unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return found


def verify(snapshot: Path) -> Found:
    """What a snapshot holds. Raises Damaged where that is not what was stored, OSError."""
    directory = snapshot.with_name(f".{snapshot.name}.verify")
    directory.mkdir(mode=0o700)
    try:
        os.link(snapshot, directory / "data.mdb")
        return salvage.check(directory)
    except Damaged as error:
        raise Damaged(snapshot, str(error).partition(" is damaged: ")[2]) from error
    finally:
        shutil.rmtree(directory)


def restore(snapshot: Path, store: Path) -> Found:
    """Make a snapshot the store of a directory that has none. Raises SnapshotExists, Damaged, OSError."""
    if (store / "data.mdb").exists():
        raise SnapshotExists(store / "data.mdb")
    found = verify(snapshot)
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = store / "restoring"
    shutil.copyfile(snapshot, unfinished)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.chmod(0o600)
    unfinished.rename(store / "data.mdb")
    return found


def _copy(store: Path, target: Path) -> None:
    try:
        with lmdb.open(str(store), readonly=True, max_dbs=3) as source:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                source.copyfd(descriptor)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except lmdb.Error as error:
        raise Damaged(store, str(error)) from error
