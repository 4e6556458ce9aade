"""What pods take of the machine, by the machine's own account: peak memory, processor time, threads.

Memory is what the host charges to a cgroup of ours around each pod, dropped and removed pages and the host kernel's
own included; without a memory cgroup in which to make these, what the page tables of its processes show (PSS), which
is less.
"""

import asyncio
import os
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from cluster import victims
from cluster.victims import Victim
from podvisor.node.memory_group import MemoryGroup, Parent

TICK = os.sysconf("SC_CLK_TCK")
EVERY = 0.05
"""Seconds between two looks at memory; a look at processes is twenty of these."""


@dataclass(slots=True)
class Watched:
    """One pod. Bytes are those above what it held when it was first seen."""

    group: MemoryGroup | None
    before: int = 0
    peak: int = 0
    over: float = 0.0
    """The longest time over the limit and a tenth at once, in seconds."""
    since: float = 0.0
    """When it went over that; 0 while it is not."""
    threads: int = 0
    kernels: dict[int, float] = field(default_factory=dict[int, float])
    """Seconds of processor time of each of its kernels so far, with what has ended below it."""
    guests: float = 0.0
    """The same of the guests that live."""
    idle: float = 0.0
    """What it had spent when it was told to begin."""

    def see(self, held: int, limit: int, now: float) -> None:
        """It holds so much now."""
        self.peak = max(self.peak, held - self.before)
        if held - self.before <= limit + limit // 10:
            self.since = 0.0
            return
        self.since = self.since or now
        self.over = max(self.over, now - self.since)

    @property
    def processor(self) -> float:
        """Seconds of processor time since it was told to begin."""
        return sum(self.kernels.values()) + self.guests - self.idle

    def begin(self, held: int) -> None:
        """It does nothing yet, and holds so much."""
        self.before, self.peak, self.over, self.since, self.threads = held, 0, 0.0, 0.0, 0
        self.idle += self.processor


@dataclass(slots=True)
class Seen:
    """One look at a pod."""

    guests: float = 0.0
    threads: int = 0
    pss: int = 0

    def add(self, pod: Watched, victim: Victim) -> None:
        """Count one process of it, proc_pid_stat(5). Raises OSError where it is gone."""
        place = Path(f"/proc/{victim.process.pid}")
        fields = (place / "stat").read_text().rsplit(")", 1)[1].split()
        own, ended = sum(map(int, fields[11:13])) / TICK, sum(map(int, fields[13:15])) / TICK
        if victim.what == "kernel":
            pod.kernels[victim.process.pid] = own + ended
        else:
            self.guests += own
            self.threads += int(fields[17]) if victim.what == "guest" else 0
        if pod.group is None:
            rows = (place / "smaps_rollup").read_text().splitlines()
            self.pss += sum(int(row.split()[1]) << 10 for row in rows if row.startswith("Pss:"))
        elif pod.group.path.name not in (place / "cgroup").read_text():
            pod.group.add(victim.process.pid)


class Watch:
    """Follows every pod of a server until it is closed."""

    def __init__(self, server: int, data: Path, limit: int, groups: Parent | None) -> None:
        self.pods: dict[str, Watched] = {}
        """By uid."""
        self._server, self._data, self._limit, self._groups = server, data, limit, groups

    def begin(self) -> None:
        """Count from here: nothing happens yet."""
        self.look()
        for pod in self.pods.values():
            pod.begin(pod.group.held() if pod.group else pod.peak)

    async def follow(self) -> None:
        """Look until cancelled."""
        for number in range(1 << 40):
            if number % 20 == 0:
                self.look()
            for pod in self.pods.values():
                with suppress(OSError):
                    if pod.group:
                        pod.see(pod.group.held(), self._limit, time.monotonic())
            await asyncio.sleep(EVERY)

    def look(self) -> None:
        """Find every process, and put it into its pod's group."""
        found: dict[str, list[Victim]] = defaultdict(list)
        for victim in victims.of_pods(self._server, self._data):
            found[victim.pod].append(victim)
        for uid, processes in found.items():
            pod = self.pods.setdefault(uid, Watched(self._groups.make(uid) if self._groups else None))
            seen = Seen()
            for victim in processes:
                with suppress(OSError, IndexError, ValueError):
                    seen.add(pod, victim)
            pod.guests, pod.threads = seen.guests, max(pod.threads, seen.threads)
            if pod.group is None:
                pod.see(seen.pss, self._limit, time.monotonic())

    def close(self) -> None:
        """Take the groups away."""
        for pod in self.pods.values():
            if pod.group:
                pod.group.remove()
