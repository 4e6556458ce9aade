"""What a sandbox could leave on the host: processes, mounts, sockets, cgroups, temporary files."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Traces:
    """What of podvisor's is on the host at one moment."""

    processes: frozenset[str]
    mounts: frozenset[str]
    sockets: frozenset[str]
    cgroups: frozenset[str]
    files: frozenset[str]

    @property
    def nothing(self) -> bool:
        """Whether there is none."""
        return not (self.processes or self.mounts or self.sockets or self.cgroups or self.files)

    def since(self, before: "Traces") -> "Traces":
        """What is here now and was not then."""
        return Traces(
            self.processes - before.processes,
            self.mounts - before.mounts,
            self.sockets - before.sockets,
            self.cgroups - before.cgroups,
            self.files - before.files,
        )


def traces(mark: str) -> Traces:
    """Look for everything of the sandbox whose programs carry this word in their environment or arguments."""
    return Traces(
        frozenset(_processes(mark)),
        frozenset(Path("/proc/self/mounts").read_text().splitlines()),
        frozenset(line.split(maxsplit=7)[7] for line in _unix_sockets() if "podvisor" in line),
        frozenset(str(path) for path in Path("/sys/fs/cgroup").glob("**/*podvisor*")),
        frozenset(
            os.path.join(where, name) for where in _temporary() for name in os.listdir(where) if "podvisor" in name
        ),
    )


def settled(mark: str, before: Traces) -> Traces:
    """What is left once the host has reaped what was killed."""
    for _ in range(2000):
        left = traces(mark).since(before)
        if left.nothing:
            break
        time.sleep(0.005)
    return left


def _processes(mark: str) -> list[str]:
    found: list[str] = []
    for entry in os.listdir("/proc"):
        try:
            arguments = Path(f"/proc/{entry}/cmdline").read_bytes()
            name = Path(f"/proc/{entry}/comm").read_text().strip()
            parent = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue
        if entry.isdigit() and (mark.encode() in arguments or (name == "podvisor-sandb" and parent == "1")):
            found.append(f"{entry} {name}")
    return found


def _unix_sockets() -> list[str]:
    return [line for line in Path("/proc/net/unix").read_text().splitlines()[1:] if len(line.split()) > 7]


def _temporary() -> set[str]:
    candidates = {tempfile.gettempdir(), "/tmp", "/dev/shm", "/var/tmp", os.environ.get("XDG_RUNTIME_DIR", "/tmp")}
    return {where for where in candidates if os.path.isdir(where)}
