"""Memory cgroups of the host's, version 1 or 2: whether this process may make some, and one of them.

See cgroups(7), the kernel's admin-guide/cgroup-v2.rst ("Delegation", "No Internal Process Constraint") and
cgroup-v1/memory.rst.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

NAME = "podvisor"


@dataclass(frozen=True, slots=True)
class Version:
    """What the files of one version of memory cgroups are called."""

    limits: tuple[str, ...]
    """Written in this order; all but the first may be missing."""
    held: tuple[str, ...]
    """The fields of memory.stat that no reclaim gives back while nothing is swapped."""
    kernel: str = ""
    """The file that has what the host's kernel holds, where memory.stat does not say."""


V1 = Version(
    ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"),
    ("total_rss", "total_shmem"),
    "memory.kmem.usage_in_bytes",
)
V2 = Version(("memory.max", "memory.swap.max"), ("anon", "shmem", "kernel", "sock"))


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """One group. It is empty until a process is added; what that makes later is in it as well."""

    path: Path
    version: Version

    def add(self, pid: int) -> None:
        """Move a process here. Raises OSError."""
        (self.path / "cgroup.procs").write_text(str(pid))

    def bound(self, limit: int) -> None:
        """Hold at most `limit` bytes, none of it in swap. Raises OSError where there can be no limit at all."""
        first, second = self.version.limits
        (self.path / first).write_text(str(limit))
        with suppress(OSError):  # A host without swap accounting has no such file.
            (self.path / second).write_text(str(limit if self.version is V1 else 0))

    def held(self) -> int:
        """The bytes that its processes hold and the host cannot take back, or have left in shared memory."""
        rows = (row.split() for row in (self.path / "memory.stat").read_text().splitlines())
        held = sum(int(value) for name, value in rows if name in self.version.held)
        with suppress(OSError):
            held += int((self.path / self.version.kernel).read_text()) if self.version.kernel else 0
        return held

    def remove(self) -> bool:
        """Take it away; false while something in it has not quite ended."""
        with suppress(OSError):
            self.path.rmdir()
        return not self.path.exists()


@dataclass(frozen=True, slots=True)
class Parent:
    """A group below which this process may make others."""

    path: Path
    version: Version

    def make(self, name: str) -> MemoryGroup:
        """A new group. Raises OSError."""
        group = MemoryGroup(self.path / f"{NAME}-{os.getpid()}-{name}", self.version)
        group.path.mkdir(exist_ok=True)
        return group

    def sweep(self) -> None:
        """Take away the groups of processes that were killed."""
        for path in self.path.glob(f"{NAME}-*-*"):
            if not Path("/proc", path.name.split("-")[1]).exists():
                MemoryGroup(path, self.version).remove()


def at(path: Path) -> Parent | None:
    """What may be done in a directory that somebody names; None where it is no memory cgroup that can have others."""
    if (path / "memory.limit_in_bytes").exists():
        return Parent(path, V1)
    return Parent(path, V2) if _shares_memory(path) else None


def delegated() -> Parent | None:
    """The group of this process, where it was delegated: given to an ordinary user, or marked by a service manager."""
    for path, version in _candidates():
        if _is_delegated(path) and (version is V1 or _shares_memory(path)):
            return Parent(path, version)
    return None


def _is_delegated(path: Path) -> bool:
    """Whoever is root may write everywhere: only systemd's mark, `Delegate=`, says that the group is not another's."""
    if os.geteuid() != 0:
        return all(os.access(place, os.W_OK) for place in (path, path / "cgroup.procs"))
    for mark in ("trusted.delegate", "user.delegate"):
        with suppress(OSError):
            return os.getxattr(path, mark) == b"1"
    return False


def _shares_memory(path: Path) -> bool:
    """Have a group of version 2 give its children a memory limit; true if it does.

    It may hold no process itself then, so this process moves to a leaf; beside others' processes nothing is done.
    """
    with suppress(OSError):
        if "memory" not in (path / "cgroup.controllers").read_text().split():
            return False
        control = path / "cgroup.subtree_control"
        if "memory" in control.read_text().split():
            return True
        inside = set((path / "cgroup.procs").read_text().split())
        if inside - {str(os.getpid())}:
            return False
        if inside:
            leaf = path / f"{NAME}-server"
            leaf.mkdir(exist_ok=True)
            (leaf / "cgroup.procs").write_text(str(os.getpid()))
        control.write_text("+memory")
        return True
    return False


def _candidates() -> Iterator[tuple[Path, Version]]:
    """This process's own groups, as far as they are mounted."""
    with suppress(OSError):
        own = Path("/proc/self/cgroup").read_text().splitlines()
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        for row in own:
            _, controllers, place = row.split(":", 2)
            if "memory" in controllers.split(","):
                yield from ((at / place.lstrip("/"), V1) for at in _mounted(mounts, " - cgroup ", "memory"))
            elif not controllers:
                yield from ((at / place.lstrip("/"), V2) for at in _mounted(mounts, " - cgroup2 ", ""))


def _mounted(mounts: list[str], kind: str, option: str) -> Iterator[Path]:
    """Where a whole hierarchy is mounted, proc_pid_mountinfo(5)."""
    for row in mounts:
        before, found, after = row.partition(kind)
        root, at = before.split()[3:5] if found else ("", "")
        if root == "/" and option in (*re.split(r"[ ,]", after), ""):
            yield Path(at)
