"""One entry of a file tree, wherever it comes from: a directory being copied or an archive being unpacked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import IO


class Kind(Enum):
    """What an entry is. Devices and sockets are `OTHER` and never become part of an image."""

    DIRECTORY = "directory"
    FILE = "file"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    FIFO = "fifo"
    OTHER = "other"


def _no_content() -> IO[bytes]:
    raise ValueError("only files have content")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `path` is relative and as the source wrote it; `target` is a link's, in the same form."""

    path: str
    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: float = 0
    target: str = ""
    open: Callable[[], IO[bytes]] = _no_content
