"""Where an image's entries come from: a directory of the host, or a tar archive, compressed or not.

Says what is there, in an order in which parents come before children. Whether an entry is acceptable is decided by
`tree`.
"""

from __future__ import annotations

import gzip
import lzma
import os
import stat
import tarfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO

from podvisor.images import errors
from podvisor.images.entry import Entry, Kind

_DAMAGES = (EOFError, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)
"""What reading a damaged archive raises, beside `OSError` for what the disk does."""


@contextmanager
def opened(path: str) -> Generator[Iterator[Entry]]:
    """The entries of a directory or archive. Raises `Unpackable` where it is neither."""
    if os.path.isdir(path):
        yield directory(path)
        return
    with _archive(path) as archive:
        try:
            yield _members(path, archive)
        except _DAMAGES as error:
            raise errors.Unpackable(f"{path}: the archive is damaged: {error}") from error


def _archive(path: str) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:*")
    except OSError as error:
        raise errors.Unpackable(f"{path}: {error.strerror}") from error
    except tarfile.TarError as error:
        raise errors.Unpackable(f"{path}: neither a directory nor a tar archive") from error


def directory(root: str) -> Iterator[Entry]:
    """A directory's entries. Two names of one file become a file and a hard link to it."""
    seen: dict[tuple[int, int], str] = {}
    for parent, directories, files in os.walk(root, onerror=_unreadable):
        directories.sort()
        for name in sorted([*directories, *files]):
            path = os.path.join(parent, name)
            yield _found(path, os.path.relpath(path, root), seen)


def _found(path: str, relative: str, seen: dict[tuple[int, int], str]) -> Entry:
    status = os.lstat(path)
    mode = status.st_mode
    make = partial(
        Entry, relative, mode=stat.S_IMODE(mode), uid=status.st_uid, gid=status.st_gid, mtime=status.st_mtime
    )
    if stat.S_ISDIR(mode):
        return make(Kind.DIRECTORY)
    if stat.S_ISLNK(mode):
        return make(Kind.SYMLINK, target=os.readlink(path))
    if stat.S_ISFIFO(mode):
        return make(Kind.FIFO)
    if not stat.S_ISREG(mode):
        return make(Kind.OTHER)
    if status.st_nlink > 1:
        first = seen.setdefault((status.st_dev, status.st_ino), relative)
        if first != relative:
            return make(Kind.HARDLINK, target=first)
    return make(Kind.FILE, open=_reader(path))


def _reader(path: str) -> Callable[[], IO[bytes]]:
    def read() -> IO[bytes]:
        try:
            return open(path, "rb")
        except OSError as error:
            _unreadable(error)
            raise

    return read


def _unreadable(error: OSError) -> None:
    raise errors.Unpackable(f"{error.filename}: {error.strerror}") from error


_KINDS = {
    tarfile.DIRTYPE: Kind.DIRECTORY,
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.GNUTYPE_SPARSE: Kind.FILE,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.FIFOTYPE: Kind.FIFO,
}


def _members(path: str, archive: tarfile.TarFile) -> Iterator[Entry]:
    for member in archive:
        if member.name in ("oci-layout", "repositories"):
            raise errors.Unpackable(f"{path}: an archive of image layers; give a root file system (docker export)")
        yield _member(archive, member)


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    def read() -> IO[bytes]:
        content = archive.extractfile(member)
        if content is None:
            raise errors.Unpackable(f"{member.name}: no content in the archive")
        return content

    kind = _KINDS.get(member.type, Kind.OTHER)
    return Entry(
        member.name,
        kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        mtime=float(member.mtime),
        target=member.linkname,
        open=read,
    )
