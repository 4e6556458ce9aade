"""What a pod had used at one moment, and what follows from two of them.

The figures are those of cgroups(7), version 2: processor time adds up, memory is what is held at the moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

Json = dict[str, Any]
BILLION = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Use:
    """What a container, a pod's kernel or the machine had used."""

    started: datetime
    """Since when its processor time adds up."""
    cpu: int = 0
    """Processor time in nanoseconds."""
    memory: int = 0
    """Bytes that it holds and that nobody could take from it: the working set."""
    processes: int = 0
    root: int = 0
    """Bytes that it has written to its root file system."""


class Traffic(NamedTuple):
    """Bytes that a pod has received and sent; what stayed within it does not count."""

    received: int = 0
    sent: int = 0


class Filled(NamedTuple):
    """How full a volume is that has a size of its own, in bytes."""

    used: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A pod at one moment."""

    time: datetime
    kernel: Use
    """The pod's own kernel: what no single container is to blame for."""
    containers: Mapping[str, Use] = field(default_factory=dict[str, Use])
    network: Traffic = field(default_factory=Traffic)
    volumes: Mapping[str, Filled] = field(default_factory=dict[str, Filled])

    @property
    def whole(self) -> Use:
        """The pod with everything in it."""
        all = (self.kernel, *self.containers.values())
        return Use(
            self.kernel.started,
            sum(one.cpu for one in all),
            sum(one.memory for one in all),
            sum(one.processes for one in all),
            sum(one.root for one in all),
        )

    def at(self, now: datetime) -> "Sample":
        """The same later on, for a pod that has not run meanwhile."""
        return replace(self, time=now)


def read(answer: Json, now: datetime, started: Mapping[str, datetime], kernel: Use) -> Sample:
    """What a kernel answers to `stats` (docs/control-protocol.md).

    `started` are the times at which containers began; one that is not in it has ended or not quite begun.
    """
    shown = answer["containers"]
    containers = {name: _container(shown[name], started[name]) for name in sorted(shown) if name in started}
    kernel = replace(kernel, memory=answer["kernel"]["rss_bytes"], processes=1)
    traffic = Traffic(answer["network"]["received_bytes"], answer["network"]["sent_bytes"])
    volumes = {name: Filled(one["used_bytes"], one["capacity_bytes"]) for name, one in answer["volumes"].items()}
    return Sample(now, kernel, containers, traffic, volumes)


def _container(shown: Json, started: datetime) -> Use:
    return Use(started, shown["cpu_usec"] * 1000, shown["memory_bytes"], shown["processes"], shown["root_bytes"])


class Rate(NamedTuple):
    """How much of the processors something used."""

    nanocores: int
    window: float
    """Over so many seconds."""


def rate(before: Use | None, then: datetime, after: Use, now: datetime) -> Rate | None:
    """What was used of the processors between two looks; since its start, if the first look did not see it.

    None if no time has gone by.
    """
    since, cpu = after.started, 0
    if before is not None and before.started == after.started and before.cpu <= after.cpu:
        since, cpu = then, before.cpu
    seconds = (now - since).total_seconds()
    return Rate(int((after.cpu - cpu) / seconds), seconds) if seconds > 0 else None
