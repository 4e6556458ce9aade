"""Processes of the machine: those below another, their memory, and whether they have ended. See proc(5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_PARENT, _STARTED = 1, 19
"""Fields of /proc/[pid]/stat, counted from the state."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process; its start time tells it from a later one with the same number."""

    pid: int
    started: int

    @property
    def is_there(self) -> bool:
        """Whether it still runs. One that only waits to be reaped does not."""
        fields = _stat(self.pid)
        return bool(fields) and fields[0] != "Z" and int(fields[_STARTED]) == self.started

    @property
    def name(self) -> str:
        """What it is called, as ps shows it; empty once it is gone."""
        try:
            return (Path("/proc") / str(self.pid) / "comm").read_text().strip()
        except OSError:
            return ""


def children(pid: int) -> list[Process]:
    """The processes that one has started."""
    return _table().get(pid, [])


def below(pid: int) -> list[Process]:
    """Every process that descends from one, that one first, parents before children."""
    table = _table()
    found = [one for siblings in table.values() for one in siblings if one.pid == pid]
    for one in found:  # grows while it is walked
        found += table.get(one.pid, [])
    return found


def _table() -> Mapping[int, list[Process]]:
    """Every process, by its parent."""
    table: dict[int, list[Process]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            table.setdefault(int(fields[_PARENT]), []).append(Process(int(entry.name), int(fields[_STARTED])))
    return table


def memory(processes: Iterable[Process]) -> float:
    """The memory that these take, in MB: each shared page divided by how many map it (PSS)."""
    return sum(_kibibytes(one.pid) for one in processes) / 1024


def _kibibytes(pid: int) -> int:
    """Raises OSError where the process is gone or is somebody else's."""
    rows = (Path("/proc") / str(pid) / "smaps_rollup").read_text().splitlines()
    return next((int(row.split()[1]) for row in rows if row.startswith("Pss:")), 0)


def _stat(pid: int) -> list[str]:
    """The fields from the state on; none where the process is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return []
