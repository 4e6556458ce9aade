"""A directory of this host as a tar archive: the same files give the same bytes, whoever reads them.

Owners, modes, times, extended attributes, hard links and device numbers are those that the host shows; a file with
holes stays one (GNU tar's sparse format 1.0). Sockets are left out, as tar(1) leaves them out.
"""

from __future__ import annotations

import asyncio
import os
import stat
import tarfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from podvisor.images import errors
from podvisor.images.unpacking import CHUNK

BLOCK = tarfile.BLOCKSIZE
PIECES_MAX = 10_000
"""A file of more pieces than this is written with its holes."""
Pieces = list[tuple[int, int]]
"""Where a file has data: offsets and lengths."""


@dataclass(slots=True)
class Count:
    """What was found."""

    entries: int = 0
    skipped: int = 0


async def archive(root: str, count: Count) -> AsyncIterator[bytes]:
    """The archive of a directory. Raises Unpackable where something cannot be read."""
    chunks = _gathered(_Walk(root, count).chunks())
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= CHUNK:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


@dataclass(slots=True)
class _Walk:
    root: str
    count: Count
    _seen: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    """The first names of files that have several."""

    def chunks(self) -> Iterator[bytes]:
        yield from self._entry(self.root, "./")
        for parent, directories, files in os.walk(self.root, onerror=_unreadable):
            directories.sort()
            for name in sorted([*directories, *files]):
                path = os.path.join(parent, name)
                yield from self._entry(path, os.path.relpath(path, self.root))
        yield bytes(2 * BLOCK)

    def _entry(self, path: str, name: str) -> Iterator[bytes]:
        try:
            status = os.lstat(path)
            info = _info(path, name, status)
            if info is None:
                self.count.skipped += 1
                return
            self.count.entries += 1
            if info.type == tarfile.REGTYPE and status.st_nlink > 1:
                first = self._seen.setdefault((status.st_dev, status.st_ino), name)
                if first != name:
                    info.type, info.linkname, info.pax_headers = tarfile.LNKTYPE, first, {}
            yield from _file(path, info) if info.type == tarfile.REGTYPE else (_header(info),)
        except OSError as error:
            _unreadable(error)


def _info(path: str, name: str, status: os.stat_result) -> tarfile.TarInfo | None:
    """What an archive says of a file before its data; None for a socket."""
    kinds = {
        stat.S_IFREG: tarfile.REGTYPE,
        stat.S_IFDIR: tarfile.DIRTYPE,
        stat.S_IFLNK: tarfile.SYMTYPE,
        stat.S_IFCHR: tarfile.CHRTYPE,
        stat.S_IFBLK: tarfile.BLKTYPE,
        stat.S_IFIFO: tarfile.FIFOTYPE,
    }
    kind = kinds.get(stat.S_IFMT(status.st_mode))
    if kind is None:
        return None
    info = tarfile.TarInfo(name)
    info.type, info.mode = kind, stat.S_IMODE(status.st_mode)
    info.uid, info.gid, info.mtime = status.st_uid, status.st_gid, status.st_mtime_ns // 10**9
    info.size = status.st_size if kind == tarfile.REGTYPE else 0
    if kind == tarfile.SYMTYPE:
        info.linkname = os.readlink(path)
    if kind in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    rest = status.st_mtime_ns % 10**9
    info.pax_headers = {**_attributes(path), **({"mtime": _time(status.st_mtime_ns // 10**9, rest)} if rest else {})}
    return info


def _time(seconds: int, nanoseconds: int) -> str:
    if seconds >= 0:
        return f"{seconds}.{nanoseconds:09}"
    return f"-{-seconds - 1}.{10**9 - nanoseconds:09}"


def _attributes(path: str) -> dict[str, str]:
    """Extended attributes as star writes them; none where the filesystem has none."""
    try:
        names = sorted(os.listxattr(path, follow_symlinks=False))
    except OSError:
        return {}
    found: dict[str, str] = {}
    for name in names:
        value = os.getxattr(path, name, follow_symlinks=False)
        found[f"SCHILY.xattr.{name}"] = value.decode("utf-8", "surrogateescape")
    return found


def _header(info: tarfile.TarInfo) -> bytes:
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _file(path: str, info: tarfile.TarInfo) -> Iterator[bytes]:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        pieces = _pieces(file, info.size)
        placed = b""
        if pieces != [(0, info.size)] and info.size:
            placed = _map(pieces)
            info.pax_headers = {
                **info.pax_headers,
                "GNU.sparse.major": "1",
                "GNU.sparse.minor": "0",
                "GNU.sparse.name": info.name,
                "GNU.sparse.realsize": str(info.size),
            }
            info.size = len(placed) + sum(length for _, length in pieces)
        yield _header(info) + placed
        for offset, length in pieces:
            yield from _data(file, path, offset, length)
        yield bytes(-info.size % BLOCK)
    finally:
        os.close(file)


def _pieces(file: int, size: int) -> Pieces:
    """Where a file of this size has data (lseek(2), SEEK_DATA); all of it where it has no holes to speak of."""
    if os.fstat(file).st_blocks * 512 >= size:
        return [(0, size)]
    pieces: Pieces = []
    at = 0
    while at < size and len(pieces) < PIECES_MAX:
        try:
            start = os.lseek(file, at, os.SEEK_DATA)
        except OSError:
            return pieces
        at = min(os.lseek(file, start, os.SEEK_HOLE), size)
        if start < at:
            pieces.append((start, at - start))
    return pieces if at >= size else [(0, size)]


def _map(pieces: Pieces) -> bytes:
    lines = [len(pieces), *(number for piece in pieces for number in piece)]
    text = "".join(f"{line}\n" for line in lines).encode()
    return text + bytes(-len(text) % BLOCK)


def _data(file: int, path: str, offset: int, length: int) -> Iterator[bytes]:
    end = offset + length
    while offset < end:
        chunk = os.pread(file, min(CHUNK, end - offset), offset)
        if not chunk:
            raise errors.Unpackable(f"{path}: became shorter while it was read")
        offset += len(chunk)
        yield chunk


def _unreadable(error: OSError) -> None:
    raise errors.Unpackable(f"{error.filename}: {error.strerror}") from error
