"""Writes entries below one directory of the host, and never outside it.

Every path is walked from a descriptor of that directory, one component at a time, without following links: an entry
whose path leaves the tree, by `..` or through a symbolic link, is refused. Devices and sockets are left out and
counted. Whiteouts (`.wh.NAME`) stay the empty files that they are in a layer archive.

An ordinary user cannot give files away, so the owners go into a record beside the tree; and so that the tree can be
read and removed again, its directories are always open to its own user, the modes being in the record too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from podvisor.images import errors
from podvisor.images.entry import Entry, Kind

_CHUNK = 1 << 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class Contents:
    """What was written: enough to name the tree by its content and to restore its owners."""

    digest: str = ""
    size_bytes: int = 0
    entries: int = 0
    skipped: int = 0
    owners: dict[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    """user, group and mode of what is not root's or whose mode could not be kept, by path."""


def write(entries: Iterable[Entry], root: str) -> Contents:
    """Write the entries below the empty directory `root`. Raises `Unpackable` at the first one that is not safe."""
    contents = Contents()
    lines: dict[str, str] = {}
    base = os.open(root, _DIRECTORY)
    try:
        for entry in entries:
            _write(base, entry, contents, lines)
    finally:
        os.close(base)
    contents.entries = len(lines)
    text = "\n".join(f"{path}\0{lines[path]}" for path in sorted(lines))
    contents.digest = f"sha256:{hashlib.sha256(text.encode(errors='surrogateescape')).hexdigest()}"
    return contents


def _write(base: int, entry: Entry, contents: Contents, lines: dict[str, str]) -> None:
    if entry.kind is Kind.OTHER:
        contents.skipped += 1
        return
    parts = _parts(entry.path)
    if not parts:
        return
    path = "/".join(parts)
    with _parent(base, parts[:-1], entry.path) as parent:
        try:
            what = _create(base, parent, parts[-1], entry, contents)
        except FileExistsError as error:
            raise errors.Unpackable(f"{entry.path}: is a directory already") from error
    lines[path] = f"{entry.kind.value} {entry.mode:o} {entry.uid}:{entry.gid} {what}"
    if (entry.uid, entry.gid) != (0, 0) or _kept_mode(entry) != entry.mode:
        contents.owners[path] = (entry.uid, entry.gid, entry.mode)


def _create(base: int, parent: int, name: str, entry: Entry, contents: Contents) -> str:
    """Make one entry in its parent. Returns what, besides its mode and owner, tells it from another."""
    if entry.kind is Kind.DIRECTORY:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=parent)
        _set_directory_mode(parent, name, entry)
        return ""
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=parent)
    match entry.kind:
        case Kind.SYMLINK:
            os.symlink(entry.target, name, dir_fd=parent)
            return entry.target
        case Kind.HARDLINK:
            _link(base, parent, name, entry)
            return "/".join(_parts(entry.target))
        case Kind.FIFO:
            os.mkfifo(name, entry.mode, dir_fd=parent)
            return ""
        case _:
            return _copy(parent, name, entry, contents)


def _set_directory_mode(parent: int, name: str, entry: Entry) -> None:
    try:
        fd = os.open(name, _DIRECTORY, dir_fd=parent)
    except OSError as error:
        raise errors.Unpackable(f"{entry.path}: is no directory in this tree") from error
    try:
        os.fchmod(fd, _kept_mode(entry))
    finally:
        os.close(fd)


def _copy(parent: int, name: str, entry: Entry, contents: Contents) -> str:
    hashed = hashlib.sha256()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with entry.open() as source, open(os.open(name, flags, 0o600, dir_fd=parent), "wb") as made:
        while chunk := source.read(_CHUNK):
            hashed.update(chunk)
            contents.size_bytes += made.write(chunk)
        made.flush()
        os.fchmod(made.fileno(), _kept_mode(entry))
        os.utime(made.fileno(), (entry.mtime, entry.mtime))
    return hashed.hexdigest()


def _link(base: int, parent: int, name: str, entry: Entry) -> None:
    target = _parts(entry.target)
    if not target:
        raise errors.Unpackable(f"{entry.path}: a hard link to the root")
    with _parent(base, target[:-1], entry.path) as source:
        try:
            os.link(target[-1], name, src_dir_fd=source, dst_dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError as error:
            raise errors.Unpackable(f"{entry.path}: a hard link to {entry.target}, which is not there") from error


def _kept_mode(entry: Entry) -> int:
    return entry.mode | (0o700 if entry.kind is Kind.DIRECTORY else 0o400)


def _parts(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or "\0" in path:
        raise errors.Unpackable(f"{path}: the path leaves the image")
    return parts


@contextmanager
def _parent(base: int, parts: list[str], path: str) -> Generator[int]:
    """A descriptor of the directory with these components, made where it is missing."""
    fd = os.dup(base)
    try:
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=fd)
            try:
                child = os.open(part, _DIRECTORY, dir_fd=fd)
            except OSError as error:
                raise errors.Unpackable(f"{path}: {part} in its path is no directory of the image") from error
            os.close(fd)
            fd = child
        yield fd
    finally:
        os.close(fd)
