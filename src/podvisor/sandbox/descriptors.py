"""The descriptors that travel with one message.

Host paths are opened when a message is written and closed once it is sent; descriptors that a caller lends stay its
own. What does not fit into one message is parked: it travels ahead, one `attach` each.
"""

from __future__ import annotations

import os
import stat
from types import TracebackType
from typing import TypedDict

from podvisor.sandbox import errors

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

    def open(self, path: str, *, writable: bool = False) -> FdRef:
        """Open a directory or regular file and send it. `OSError` names the path."""
        fd = _open(path, writable=writable)
        self._opened.append(fd)
        if len(self.sent) < MAX_DESCRIPTORS - RESERVED:
            return self.lend(fd)
        key = f"{self._prefix}-{len(self.parked)}"
        self.parked.append((key, fd))
        return {"key": key}


def _open(path: str, *, writable: bool) -> int:
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if not stat.S_ISREG(mode):
        raise errors.NotMountable(f"{path}: neither a directory nor a regular file")
    access = os.O_RDWR if writable and os.access(path, os.W_OK) else os.O_RDONLY
    return os.open(path, access | os.O_CLOEXEC)
