"""What the node knows about the containers of a pod: plain data that `plan` and `status` look at."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from podvisor.base.backoff import Backoff

Json = dict[str, Any]

CRASH_LOOP = Backoff(first=10.0, factor=2.0, limit=300.0)
"""https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy"""
FORGIVEN = timedelta(minutes=10)
"""A container that ran for this long starts its count of crashes anew."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not running yet, or not again yet."""

    reason: str = "ContainerCreating"
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """Its first process runs."""

    started: datetime


@dataclass(frozen=True, slots=True)
class Terminated:
    """Its first process has ended."""

    code: int
    reason: str
    started: datetime
    finished: datetime
    message: str = ""
    container_id: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One container, as it is now."""

    name: str
    state: Waiting | Running | Terminated = Waiting()
    last: Terminated | None = None
    """How the run before this one ended."""
    restarts: int = 0
    crashes: int = 0
    """Ends in a row, which the wait before the next start grows with."""
    retry: datetime | None = None
    """Not to be started before."""
    container_id: str = ""
    ready: bool = True
    """What its readiness probe says; true without one."""
    started: bool = True
    """What its startup probe says; true without one."""

    @property
    def running(self) -> bool:
        return isinstance(self.state, Running)

    def begun(self, now: datetime, container_id: str, *, probed: tuple[bool, bool]) -> "Container":
        """After a start; `probed` says whether readiness and startup still have to be shown."""
        restarts = self.restarts + (self.last is not None or isinstance(self.state, Terminated))
        last = self.state if isinstance(self.state, Terminated) else self.last
        return replace(
            self,
            state=Running(now),
            last=last,
            restarts=restarts,
            retry=None,
            container_id=container_id,
            ready=not probed[0],
            started=not probed[1],
        )

    def ended(self, end: Terminated) -> "Container":
        """After an end: the first restart is at once, later ones wait."""
        crashes = 0 if end.finished - end.started >= FORGIVEN else self.crashes
        retry = end.finished + timedelta(seconds=CRASH_LOOP.delay(crashes))
        return replace(self, state=end, crashes=crashes + 1, retry=retry, ready=False, started=False)

    def held(self, reason: str, message: str, retry: datetime) -> "Container":
        """After a start that could not be tried."""
        last = self.state if isinstance(self.state, Terminated) else self.last
        return replace(self, state=Waiting(reason, message), last=last, retry=retry, ready=False, started=False)
