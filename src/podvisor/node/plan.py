"""What to do next for a pod: a function of the pod, its containers and the time.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ and, for sidecars,
https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podvisor.node import objects
from podvisor.node.states import Container, Running, Terminated


@dataclass(slots=True)
class Plan:
    """What to do now, and when to look again at the latest."""

    start: list[str] = field(default_factory=list[str])
    """To be started now, one after the other."""
    stop: list[str] = field(default_factory=list[str])
    """To be ended now, within the pod's grace period."""
    phase: str = "Pending"
    done: bool = False
    """Whether nothing runs, and nothing will."""
    initialized: bool = False
    deadline_exceeded: bool = False
    wake: datetime | None = None

    def look_at(self, moment: datetime) -> None:
        """Look again at this time or sooner."""
        self.wake = moment if self.wake is None else min(self.wake, moment)


def plan(
    pod: objects.Pod, containers: Mapping[str, Container], now: datetime, started: datetime, *, evicted: bool = False
) -> Plan:
    """The next steps for a pod that this node took up at `started`, and that is to end where it was `evicted`."""
    made = Plan()
    mains = [containers[one.name] for one in pod.spec.containers]
    failed = _initialize(pod, containers, now, made)
    if made.initialized:
        for main in mains:
            _start_if_wanted(main, pod.spec.restart_policy, now, made)
    made.initialized |= any(one.runs for one in mains)
    made.phase = "Failed" if failed else _phase(pod.spec.restart_policy, mains)
    _heed_deadline(pod, containers, now, started, made)
    if evicted:
        made.phase = "Failed"
    if pod.finished:
        made.phase = pod.status.phase
    if pod.metadata.deleting or made.phase in ("Succeeded", "Failed"):
        _end(pod, containers, mains, made)
    return made


def _end(pod: objects.Pod, containers: Mapping[str, Container], mains: Sequence[Container], made: Plan) -> None:
    """Nothing is started any more; the main containers end first, then the sidecars, the last one first."""
    made.start.clear()
    made.wake = None if made.phase in ("Succeeded", "Failed") else made.wake
    sidecars = {one.name for one in pod.spec.init_containers if one.sidecar}
    running = [one.name for one in containers.values() if one.running]
    made.stop = [name for name in running if name not in sidecars] or running[-1:]
    made.done = not running
    if running and not pod.finished and made.phase in ("Succeeded", "Failed"):
        made.phase = "Running"
    elif made.done and made.phase not in ("Succeeded", "Failed"):
        codes = [one.ended.code for one in mains if one.ended]
        made.phase = "Succeeded" if len(codes) == len(mains) and not any(codes) else "Failed"


def _initialize(pod: objects.Pod, containers: Mapping[str, Container], now: datetime, made: Plan) -> bool:
    """Bring the init containers forward, in order. Whether one has failed for good.

    In a new kernel of the pod all of them run again, unless the pod is never restarted (kubelet `computePodActions`).
    """
    policy = "OnFailure" if pod.spec.restart_policy == "Always" else pod.spec.restart_policy
    anew = policy != "Never"
    over = any(containers[one.name].counts(anew=anew) for one in pod.spec.containers)
    for described in pod.spec.init_containers:
        one = containers[described.name]
        if described.sidecar:
            _start_if_wanted(one, "Always", now, made)
            if not (one.running and one.started) and not over:
                return False
            continue
        if over:
            continue
        done = one.counts(anew=anew)
        _start_if_wanted(one, policy if done else "Always", now, made)
        if one.ended is None or not done:
            return False
        if one.ended.code != 0:
            return not wanted_again(one, policy)
    made.initialized = True
    return False


def wanted_again(one: Container, policy: str) -> bool:
    """Whether a container that does not run is to be started, now or later."""
    match one.state:
        case Running():
            return False
        case Terminated(code):
            return policy == "Always" or (policy == "OnFailure" and code != 0)
        case _:
            return True


def _start_if_wanted(one: Container, policy: str, now: datetime, made: Plan) -> None:
    if not wanted_again(one, policy):
        return
    if one.retry is None or one.retry <= now:
        made.start.append(one.name)
    else:
        made.look_at(one.retry)


def _phase(policy: str, mains: Sequence[Container]) -> str:
    ended = [one.ended for one in mains if one.ended and not wanted_again(one, policy)]
    if len(ended) == len(mains):
        return "Failed" if any(end.code for end in ended) else "Succeeded"
    return "Running" if all(one.runs for one in mains) else "Pending"


def _heed_deadline(
    pod: objects.Pod, containers: Mapping[str, Container], now: datetime, started: datetime, made: Plan
) -> None:
    """activeDeadlineSeconds counts from the pod's start time. What ended only after it was ended by it."""
    seconds = pod.spec.active_deadline_seconds
    if seconds is None:
        return
    deadline = started + timedelta(seconds=seconds)
    if made.phase not in ("Succeeded", "Failed"):
        made.look_at(deadline)
        exceeded = now >= deadline
    else:
        ends = [containers[one.name].ended for one in pod.every_container if not one.sidecar]
        exceeded = any(end.finished >= deadline for end in ends if end)
    if exceeded:
        made.phase, made.deadline_exceeded = "Failed", True
