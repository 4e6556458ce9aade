"""What the whole machine uses, as its own kernel counts it: proc_stat(5), proc_meminfo(5), proc_loadavg(5)."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from podvisor.node.metering.samples import BILLION, Use

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine at one moment."""

    time: datetime
    use: Use
    memory_available: int
    """Bytes that could be had without swapping."""
    threads: int
    most_threads: int
    """How many processes and threads there may be."""


def look(now: datetime, proc: Path = PROC) -> Machine:
    """The machine as it is now. Blocks, for no disk."""
    memory = _memory((proc / "meminfo").read_text())
    total, available = memory.get("MemTotal", 0), memory.get("MemAvailable", 0)
    stat = (proc / "stat").read_text().splitlines()
    threads = int((proc / "loadavg").read_text().split()[3].partition("/")[2])
    kernel = proc / "sys/kernel"
    most = min(int((kernel / name).read_text()) for name in ("pid_max", "threads-max"))
    use = Use(_booted(stat, now), _busy(stat), total - available, threads)
    return Machine(now, use, available, threads, most)


def _memory(text: str) -> dict[str, int]:
    rows = (row.split() for row in text.splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) >= 2}


def _busy(stat: list[str]) -> int:
    """Nanoseconds for which processors were not idle; time of guests is part of `user` already."""
    user, nice, system, _, _, irq, softirq, steal = (int(word) for word in stat[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) * BILLION // os.sysconf("SC_CLK_TCK")


def _booted(stat: list[str], now: datetime) -> datetime:
    seconds = next((int(row.split()[1]) for row in stat if row.startswith("btime ")), None)
    return now if seconds is None else datetime.fromtimestamp(seconds, UTC)
