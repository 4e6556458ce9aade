"""The descriptors that travel with one message.

Host paths are opened when a message is written and closed once it is sent; descriptors that a caller lends stay its
own. What does not fit into one message is parked: it travels ahead, one `attach` each.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from types import TracebackType
from typing import TypedDict

from podvisor.sandbox import errors, paths

MAX_DESCRIPTORS = 250
"""The most that one message carries; the host's own limit (SCM_MAX_FD) is 253."""

RESERVED = 10
"""How many of these are kept for streams and mounts when layers are many."""


class FdRef(TypedDict, total=False):
    """`{"fd": 0}` or `{"key": "…"}`."""

    fd: int
    key: str


class Descriptors:
    """Collects a message's descriptors in order. A context manager that closes those that it opened."""

    def __init__(self, prefix: str) -> None:
        self.sent: list[int] = []
        self.parked: list[tuple[str, int]] = []
        self._prefix = prefix
        self._opened: list[int] = []

    def __enter__(self) -> Descriptors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in self._opened:
            os.close(fd)
        self._opened.clear()

    def lend(self, fd: int) -> FdRef:
        """Send a descriptor that stays the caller's."""
        self.sent.append(fd)
        return {"fd": len(self.sent) - 1}

    def open(self, path: str, *, writable: bool = False, links: bool = True) -> FdRef:
        """Open a directory or regular file and send it, with `links` also by way of symbolic links.

        `OSError` names the path.
        """
        fd = _open(path, writable=writable, links=links)
        self._opened.append(fd)
        if len(self.sent) < MAX_DESCRIPTORS - RESERVED:
            return self.lend(fd)
        key = f"{self._prefix}-{len(self.parked)}"
        self.parked.append((key, fd))
        return {"key": key}


def _open(path: str, *, writable: bool, links: bool) -> int:
    seen = os.open(path, os.O_PATH | os.O_CLOEXEC) if links else paths.look(path)
    try:
        return _reopen(seen, path, writable=writable)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(seen)


def _reopen(seen: int, path: str, *, writable: bool) -> int:
    mode = os.fstat(seen).st_mode
    if stat.S_ISDIR(mode):
        return paths.reopen(seen, os.O_RDONLY | os.O_DIRECTORY)
    if not stat.S_ISREG(mode):
        raise errors.NotMountable(f"{path}: neither a directory nor a regular file")
    if writable:
        with suppress(OSError):
            return paths.reopen(seen, os.O_RDWR)
    return paths.reopen(seen, os.O_RDONLY)
