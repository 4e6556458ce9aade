"""Looks in a slow rhythm at what is left, tells the node's conditions, and has pods end where it is too little."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from podvisor.base.clock import Clock
from podvisor.node import objects
from podvisor.node.eviction import limits, pressure, ranking, words
from podvisor.node.eviction.pressure import State
from podvisor.node.eviction.thresholds import Observation, Observations, Settings, Threshold
from podvisor.node.metering.figures import Figures

log = logging.getLogger(__name__)

PERIOD = 10.0
"""Seconds between looks (the kubelet's monitoring interval)."""
AT_ONCE = 1
"""Seconds of grace where there is no time to lose."""
TOLERATED = "node.kubernetes.io/memory-pressure"
_ONLY_MEMORY = frozenset({"MemoryPressure"})


class Running(Protocol):
    """A pod's worker."""

    @property
    def pod(self) -> objects.Pod:
        """The pod as it is by now."""
        ...

    def evict(self, message: str, grace: int, *, disrupted: bool) -> None:
        """Have it end, with a status that says so."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the manager looks at, and what it may do."""

    running: Callable[[], Sequence[Running]]
    """The pods that have not ended."""
    figures: Callable[[], Awaitable[Figures]]
    reclaim: Callable[[], Awaitable[None]]
    """Removes every image that no pod uses."""
    warn: Callable[[str, str], None]
    """Says something about the node, with a reason."""


class Manager:
    """The evictions of one node."""

    def __init__(self, settings: Settings, around: Surroundings, clock: Clock) -> None:
        self.conditions: frozenset[str] = frozenset()
        """Those of the node's conditions of pressure that are true."""
        self._settings = settings
        self._around = around
        self._clock = clock
        self._state = State()
        self._changed = asyncio.Event()

    async def keep(self) -> None:
        """Look in a slow rhythm until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(PERIOD)

    async def changed(self) -> None:
        """Return once the conditions are others."""
        await self._changed.wait()

    def refusal(self, pod: objects.Pod) -> str:
        """Why a new pod is not taken now; empty if it is (the kubelet's eviction manager `Admit`)."""
        if not self.conditions or pod.spec.priority >= ranking.CRITICAL:
            return ""
        if self.conditions == _ONLY_MEMORY:
            tolerated = any(one.key in ("", TOLERATED) for one in pod.spec.tolerations)
            if not words.is_best_effort(pod) or tolerated:
                return ""
        return words.condition(self.conditions)

    async def look(self) -> None:
        """Look once, and do what follows."""
        figures = await self._around.figures()
        seen = observed(figures)
        self._state, found = pressure.look(self._settings, self._state, seen, self._clock.now())
        if found.conditions != self.conditions:
            self.conditions = found.conditions
            self._changed.set()
            self._changed = asyncio.Event()
        if self._end_greedy(figures) or not found.acting:
            return
        threshold = found.acting[0]
        self._around.warn("EvictionThresholdMet", f"Attempting to reclaim {threshold.resource}")
        if threshold.condition == "DiskPressure":
            await self._around.reclaim()
            figures = await self._around.figures()
            seen = observed(figures)
            if not pressure.met(self._settings.thresholds, seen, reclaimed=True):
                return
        self._end_one(threshold, found.acting, figures, seen)

    def _end_greedy(self, figures: Figures) -> bool:
        """End those that use more of the disk than they may; whether there were some."""
        by_uid = {one.pod.metadata.uid: one for one in self._around.running()}
        ended = False
        for measured in figures.pods:
            one = by_uid.get(measured.pod.metadata.uid)
            if one is not None and (why := limits.exceeded(measured, figures)):
                log.info("pod %s/%s: %s", one.pod.metadata.namespace, one.pod.metadata.name, why)
                one.evict(why, AT_ONCE, disrupted=False)
                ended = True
        return ended

    def _end_one(self, threshold: Threshold, acting: Sequence[Threshold], figures: Figures, seen: Observations) -> None:
        """End the one pod that comes first: what is left is looked at again before another one has to."""
        running = {one.pod.metadata.uid: one for one in self._around.running()}
        ranked = ranking.rank(ranking.candidates([one.pod for one in running.values()], figures), threshold.resource)
        if not ranked:
            log.warning("there is too little %s, and no pod that could be evicted", threshold.resource)
            return
        first = ranked[0].pod
        measured = next((one for one in figures.pods if one.pod.metadata.uid == first.metadata.uid), None)
        text = words.low(threshold.resource, acting, seen) + words.blame(threshold.resource, measured, figures.logs)
        grace = AT_ONCE if threshold.is_hard else self._settings.max_grace
        running[first.metadata.uid].evict(text, grace, disrupted=True)


def observed(figures: Figures) -> Observations:
    """What is left of everything that can be short; a file system without a fixed number of inodes has enough."""
    machine, found = figures.machine, dict[str, Observation]()
    available = machine.memory_available
    found["memory.available"] = Observation(available, available + machine.use.memory)
    found["pid.available"] = Observation(machine.most_threads - machine.threads, machine.most_threads)
    for name, disk in (("nodefs", figures.disk), ("imagefs", figures.images)):
        found[f"{name}.available"] = Observation(disk.available, disk.capacity)
        if disk.inodes:
            found[f"{name}.inodesFree"] = Observation(disk.free_inodes, disk.inodes)
    return found
