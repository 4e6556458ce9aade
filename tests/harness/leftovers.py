"""What a sandbox could leave on the host: processes, mounts, sockets, cgroups, temporary files."""

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Process:
    """One process of the host; its start time tells it from a later one with the same number."""

    pid: int
    started: int

    @property
    def is_gone(self) -> bool:
        """Whether it has ended. One that only waits to be reaped has."""
        fields = _stat(self.pid)
        return not fields or fields[0] == "Z" or int(fields[19]) != self.started


def process(pid: int) -> Process:
    """The process that has this number now."""
    return Process(pid, int(_stat(pid)[19]))


def children(pid: int) -> list[Process]:
    """The processes that one has started, or was left; none when it ends meanwhile."""
    found: list[Process] = []
    # Any file here may vanish between two looks, since what is looked at runs.
    with suppress(OSError):
        for of_thread in list(Path(f"/proc/{pid}/task").iterdir()):
            with suppress(OSError):
                for child in map(int, (of_thread / "children").read_text().split()):
                    if fields := _stat(child):
                        found.append(Process(child, int(fields[19])))
    return found


def processes_below(pid: int) -> list[Process]:
    """Every process below one, parents before children: a kernel first, then its guests."""
    return [one for child in children(pid) for one in (child, *processes_below(child.pid))]


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) stat from the third on; none when the process is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []


def things() -> set[str]:
    """Mounts, and whatever carries podvisor's name among sockets, cgroups and temporary files."""
    sockets = (line.split(maxsplit=7) for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    return {
        *Path("/proc/self/mounts").read_text().splitlines(),
        *(fields[7] for fields in sockets if len(fields) > 7 and "podvisor" in fields[7]),
        *(str(path) for path in Path("/sys/fs/cgroup").glob("**/*podvisor*")),
        *(os.path.join(where, name) for where in _temporary() for name in os.listdir(where) if "podvisor" in name),
    }


def left(processes: list[Process], before: set[str]) -> tuple[list[Process], set[str]]:
    """What of these is still there, once the host has had time to reap what was killed."""
    for _ in range(2000):
        alive, made = [process for process in processes if not process.is_gone], things() - before
        if not alive and not made:
            break
        time.sleep(0.005)
    return alive, made


def _temporary() -> set[str]:
    candidates = {tempfile.gettempdir(), "/tmp", "/dev/shm", "/var/tmp", os.environ.get("XDG_RUNTIME_DIR", "/tmp")}
    return {where for where in candidates if os.path.isdir(where)}
