"""What a cluster could leave on the machine: mounts, sockets, cgroups and open ports that name its data directory."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
Cgroups = Sequence[Path]


def of(data_dir: Path, before: Cgroups) -> Mapping[str, Sequence[str]]:
    """What there is, by sort; `before` are the cgroups that others had when the tour began."""
    name = data_dir.name
    return {
        "mounts": [line for line in _lines("/proc/self/mounts") if name in line],
        "sockets": [line.split()[-1] for line in _lines("/proc/net/unix") if name in line],
        "cgroups": [str(path) for path in cgroups() if path not in before],
    }


def cgroups() -> Cgroups:
    """The machine's cgroups that carry our name."""
    return sorted(CGROUPS.glob("**/*podvisor*")) if CGROUPS.is_dir() else []


def listens(port: int) -> bool:
    """Whether somebody answers on a port of the loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _lines(path: str) -> Sequence[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []
