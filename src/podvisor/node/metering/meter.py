"""Measures pods in a slow rhythm, and those that are new when somebody asks.

An idle pod is not woken by it: what a kernel that has not run since the last look had used then, it has used now. That
it has run shows in its processor time, which the host counts and any process may read, clock_getcpuclockid(3).
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from podvisor.base.clock import Clock
from podvisor.node import objects
from podvisor.node.metering import host, samples
from podvisor.node.metering.samples import Sample, Use
from podvisor.sandbox import driver, errors

Ran = Callable[[int], int | None]
"""Nanoseconds for which a process has run, by its number; None where there is none."""
RHYTHM = 15.0
"""Seconds between looks (metrics-server's `--metric-resolution`)."""
PATIENCE = 5.0
"""Seconds that a kernel may take to answer; who asks for all pods does not wait longer for one."""
SETTLING = 2_000_000
"""Nanoseconds that a kernel runs on after its answer, going back to sleep: not for its guests."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A pod that can be measured."""

    pod: objects.Pod
    sandbox: driver.Sandbox
    started: Mapping[str, datetime]
    """When each of its running containers began."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A pod and its last two samples."""

    pod: objects.Pod
    last: Sample
    before: Sample | None

    def rate(self, container: str) -> samples.Rate | None:
        """What a container uses of the processors."""
        before = self.before.containers.get(container) if self.before else None
        return samples.rate(before, self._then, self.last.containers[container], self.last.time)

    @property
    def whole_rate(self) -> samples.Rate | None:
        """What the pod uses of the processors, its kernel included."""
        before = self.before.whole if self.before else None
        return samples.rate(before, self._then, self.last.whole, self.last.time)

    @property
    def _then(self) -> datetime:
        return self.before.time if self.before else self.last.time


@dataclass(slots=True)
class _Known:
    """What is known of one kernel."""

    sandbox: driver.Sandbox
    first: datetime
    """When it was first seen."""
    last: Sample | None = None
    before: Sample | None = None
    ran: int = -1
    """Its processor time when it was last looked at."""
    settling: bool = False
    """True if it has been asked since then."""

    def is_due(self, ran: int) -> bool:
        """True if it has run for its guests since the last look; takes note of that."""
        allowed = SETTLING if self.settling else 0
        due = self.last is None or ran - self.ran > allowed
        self.ran, self.settling = ran, False
        return due

    def take(self, sample: Sample, ran: int) -> None:
        """Its next sample, after which its processor time was `ran`."""
        self.before, self.last, self.ran, self.settling = self.last, sample, ran, True


class Meter:
    """What the pods of a node use."""

    def __init__(self, subjects: Callable[[], Iterable[Subject]], clock: Clock, ran: Ran | None = None) -> None:
        """`ran` says how long a process has run, as `processor_time`."""
        self._subjects = subjects
        self._clock = clock
        self._ran = ran or processor_time
        self._known: dict[str, _Known] = {}
        self._measuring = asyncio.Lock()
        self.machine: host.Machine | None = None
        """The machine, as it was at the last look of the rhythm."""

    async def keep(self) -> None:
        """Measure in a slow rhythm until cancelled."""
        while True:
            self.machine = await asyncio.to_thread(host.look, self._clock.now())
            await self._clock.sleep(RHYTHM)
            await self.look(list(self._subjects()))

    async def measured(self) -> list[Measured]:
        """All pods that run, as they were at the last look; those that it did not see are measured now."""
        subjects = list(self._subjects())
        await self.look([one for one in subjects if self._of(one) is None])
        found: list[Measured] = []
        for one in subjects:
            if (known := self._of(one)) is not None and known.last is not None:
                found.append(Measured(one.pod, known.last, known.before))
        return found

    async def look(self, subjects: list[Subject]) -> None:
        """Measure these pods, as far as they have run since the last look."""
        async with self._measuring:
            known = {one.pod.metadata.uid for one in self._subjects()}
            self._known = {uid: one for uid, one in self._known.items() if uid in known}
            await asyncio.gather(*(self._look(one) for one in subjects))

    def _of(self, subject: Subject) -> _Known | None:
        """What is known of a pod's kernel and of all its containers."""
        known = self._known.get(subject.pod.metadata.uid)
        if known is None or known.sandbox is not subject.sandbox or known.last is None:
            return None
        return known if set(known.last.containers) >= set(subject.started) else None

    async def _look(self, subject: Subject) -> None:
        uid, now = subject.pod.metadata.uid, self._clock.now()
        known = self._known.get(uid)
        if known is None or known.sandbox is not subject.sandbox:
            known = self._known[uid] = _Known(subject.sandbox, min(subject.started.values(), default=now))
        if (ran := self._ran(subject.sandbox.pid)) is None:
            return
        if not known.is_due(ran) and known.last is not None:
            known.before, known.last = known.last, known.last.at(now)
            return
        with suppress(errors.SandboxError, TimeoutError):
            async with self._clock.timeout(PATIENCE):
                answer = await subject.sandbox.stats()
            ran = self._ran(subject.sandbox.pid) or ran
            kernel = Use(known.first, ran)
            known.take(samples.read(answer, self._clock.now(), subject.started, kernel), ran)


def processor_time(pid: int) -> int | None:
    """The processor time of a process in nanoseconds, all threads together; None where there is no such process."""
    scheduled = 2
    try:
        return time.clock_gettime_ns((~pid << 3) | scheduled)
    except OSError:
        return None
