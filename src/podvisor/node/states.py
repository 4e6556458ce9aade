"""What the node knows about the containers of a pod: plain data that `plan` and `status` look at."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from podvisor.base.backoff import Backoff

CRASH_LOOP = Backoff(first=10.0, factor=2.0, limit=300.0)
"""https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy"""
PULLING = Backoff(first=10.0, factor=2.0, limit=300.0)
"""How long an image that is not there is left alone."""
RETRY = Backoff(first=1.0, factor=2.0, limit=10.0)
"""How long a start whose ConfigMaps, Secrets or volumes are not there yet waits."""
FORGIVEN = timedelta(minutes=10)
"""A container that ran for this long starts its count of crashes anew."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not running yet, or not again yet."""

    reason: str = "ContainerCreating"
    message: str = ""
    attempts: int = 0
    """How many starts in a row could not be tried."""


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
    runs: int = 0
    """How often it was started."""
    crashes: int = 0
    """Ends in a row, which the wait before the next start grows with."""
    retry: datetime | None = None
    """Not to be started before."""
    container_id: str = ""
    image_id: str = ""
    ready: bool = False
    """While it runs: whether its readiness probe lets it be used."""
    started: bool = False
    """While it runs: whether its postStart hook and its startup probe are through."""
    outdated: bool = False
    """Whether it last ran in a kernel of the pod that is gone: what an init container did then is to be done anew."""

    @property
    def running(self) -> bool:
        """Whether its first process runs."""
        return isinstance(self.state, Running)

    def counts(self, *, anew: bool) -> bool:
        """True if it has been started; where a pod begins anew with each kernel, in the present one."""
        return bool(self.runs) and not (anew and self.outdated)

    @property
    def restarts(self) -> int:
        """`restartCount`."""
        return max(self.runs - 1, 0)

    @property
    def ended(self) -> Terminated | None:
        """How it ended, for one that does not run."""
        return self.state if isinstance(self.state, Terminated) else None

    def begun(self, now: datetime, container_id: str) -> "Container":
        """After a start."""
        return replace(
            self,
            state=Running(now),
            last=self.ended or self.last,
            runs=self.runs + 1,
            retry=None,
            container_id=container_id,
            ready=False,
            started=False,
            outdated=False,
        )

    def over(self, end: Terminated) -> "Container":
        """After an end: the first restart is at once, later ones wait."""
        crashes = 0 if end.finished - end.started >= FORGIVEN else self.crashes
        retry = end.finished + timedelta(seconds=CRASH_LOOP.delay(crashes))
        return replace(self, state=end, crashes=crashes + 1, retry=retry, ready=False, started=False)

    def failed_to_start(self, now: datetime, container_id: str, end: Terminated) -> "Container":
        """After a start that ended before the program ran."""
        return self.begun(now, container_id).over(end)

    def held(self, reason: str, message: str, now: datetime, backoff: Backoff = RETRY) -> "Container":
        """After a start that could not be tried."""
        attempts = self.state.attempts + 1 if isinstance(self.state, Waiting) else 1
        retry = now + timedelta(seconds=backoff.delay(attempts))
        return replace(
            self, state=Waiting(reason, message, attempts), last=self.ended or self.last, retry=retry, ready=False
        )
