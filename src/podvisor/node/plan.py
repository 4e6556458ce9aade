"""What to do next for a pod: a function of the pod, its containers and the time.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and, for sidecars,
https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podvisor.node.states import Container, Json, Running, Terminated


@dataclass(slots=True)
class Plan:
    """What to do now, and when to look again at the latest."""

    start: list[str] = field(default_factory=list[str])
    stop: list[str] = field(default_factory=list[str])
    """To be ended now, each with the pod's grace period."""
    phase: str = "Pending"
    done: bool = False
    """Whether nothing runs, and nothing will."""
    initialized: bool = False
    deadline_exceeded: bool = False
    wake: datetime | None = None

    def look_at(self, moment: datetime) -> None:
        """Look again at this time or sooner."""
        self.wake = moment if self.wake is None else min(self.wake, moment)


def plan(pod: Json, containers: Mapping[str, Container], now: datetime, started: datetime) -> Plan:
    """The next steps for a pod that this node took up at `started`."""
    made = Plan()
    mains = [containers[one["name"]] for one in pod["spec"]["containers"]]
    failed = _initialize(pod, containers, now, made)
    if made.initialized or any(one.running or one.restarts for one in mains):
        for main in mains:
            if not failed and _wants(main, restart_policy(pod)):
                _start(main, now, made)
    made.phase = _phase(pod, mains, made, failed=failed)
    _heed_deadline(pod, now, started, made)
    if pod["metadata"].get("deletionTimestamp") or made.phase in ("Succeeded", "Failed"):
        made.start.clear()
        made.stop = [one.name for one in containers.values() if one.running]
        made.done = not made.stop
    return made


def restart_policy(pod: Json) -> str:
    """`Always`, `OnFailure` or `Never`."""
    return pod["spec"].get("restartPolicy") or "Always"


def sidecar(container: Json) -> bool:
    """Whether an init container goes on beside the main ones."""
    return container.get("restartPolicy") == "Always"


def _initialize(pod: Json, containers: Mapping[str, Container], now: datetime, made: Plan) -> bool:
    """Bring the init containers forward, in order. Whether one has failed for good."""
    policy = "OnFailure" if restart_policy(pod) == "Always" else restart_policy(pod)
    for spec in _init(pod):
        one = containers[spec["name"]]
        if sidecar(spec):
            if _wants(one, "Always"):
                _start(one, now, made)
            if not (one.running and one.started):
                return False
            continue
        if _wants(one, policy):
            _start(one, now, made)
        if not isinstance(one.state, Terminated):
            return False
        if one.state.code != 0:
            return not _wants(one, policy)
    made.initialized = True
    return False


def _init(pod: Json) -> Sequence[Json]:
    return pod["spec"].get("initContainers") or ()


def _wants(one: Container, policy: str) -> bool:
    """Whether a container that does not run is to be started, now or later."""
    match one.state:
        case Running():
            return False
        case Terminated(code):
            return policy == "Always" or (policy == "OnFailure" and code != 0)
        case _:
            return True


def _start(one: Container, now: datetime, made: Plan) -> None:
    if one.retry is None or one.retry <= now:
        made.start.append(one.name)
    else:
        made.look_at(one.retry)


def _phase(pod: Json, mains: Sequence[Container], made: Plan, *, failed: bool) -> str:
    if failed:
        return "Failed"
    policy = restart_policy(pod)
    if all(isinstance(one.state, Terminated) and not _wants(one, policy) for one in mains):
        codes = [one.state.code for one in mains if isinstance(one.state, Terminated)]
        return "Failed" if any(codes) else "Succeeded"
    begun = all(one.running or one.last or isinstance(one.state, Terminated) for one in mains)
    return "Running" if begun else "Pending"


def _heed_deadline(pod: Json, now: datetime, started: datetime, made: Plan) -> None:
    """activeDeadlineSeconds counts from the pod's start time."""
    seconds = pod["spec"].get("activeDeadlineSeconds")
    if seconds is None or made.phase == "Succeeded":
        return
    deadline = started + timedelta(seconds=seconds)
    if now >= deadline:
        made.phase, made.deadline_exceeded = "Failed", True
    else:
        made.look_at(deadline)
