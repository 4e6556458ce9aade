"""How much of the disk something takes: statvfs(3) of a file system, and the logs of a pod.

What guests write is not looked for here: a pod's kernel counts it, and whatever they put into their directories cannot
lead a walk astray or make it endless.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BLOCK = 512
"""The unit of `st_blocks`, stat(3type)."""


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system."""

    capacity: int
    available: int
    """Bytes that an ordinary user may still write."""
    inodes: int
    free_inodes: int


def file_system(path: Path) -> FileSystem:
    """The file system of a directory that may not be there yet. Blocks."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    size = found.f_frsize
    return FileSystem(found.f_blocks * size, found.f_bavail * size, found.f_files, found.f_ffree)


def taken(directory: Path) -> int:
    """Bytes that the files in a directory of the node's own take; none where it is not there. Blocks."""
    total = 0
    with suppress(OSError):
        for entry in os.scandir(directory):
            total += entry.stat(follow_symlinks=False).st_blocks * BLOCK
    return total
