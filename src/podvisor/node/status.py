"""What a pod's status says: a function of the pod, its containers and the plan for it.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podvisor.node import objects, plan
from podvisor.node.states import Container, Running, Terminated
from podvisor.sdk.objects.meta import seconds

Json = dict[str, Any]

_LATE = "Pod was active on the node longer than the specified deadline"


@dataclass(frozen=True, slots=True)
class Eviction:
    """Why and how the node ends a pod."""

    message: str
    grace: int
    """Seconds that it has for that at most."""
    disrupted: bool
    """Whether that is because of the node, and not for what the pod has done."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a status is made from."""

    pod: objects.Pod
    containers: Mapping[str, Container]
    made: plan.Plan
    address: str
    host: str
    started: datetime
    now: datetime
    sandboxed: bool
    """Whether the pod's kernel runs."""
    eviction: Eviction | None = None
    """Why the node ends the pod."""

    @property
    def finished(self) -> bool:
        """Whether nothing of the pod runs, and nothing will."""
        return self.made.phase in ("Succeeded", "Failed")


def status(seen: Seen) -> Json:
    """The pod's status, whole; what is None is to be taken away."""
    spec, told = seen.pod.spec, seen.pod.status
    reason, message = _why(seen)
    made: Json = {
        "observedGeneration": seen.pod.metadata.generation or None,
        "phase": seen.made.phase,
        "hostIP": seen.host,
        "hostIPs": [{"ip": seen.host}],
        "podIP": seen.address or None,
        "podIPs": [{"ip": seen.address}] if seen.address else None,
        "startTime": seconds(seen.started),
        "conditions": _conditions(seen),
        "containerStatuses": [_container(one, seen) for one in spec.containers],
        "reason": reason or told.reason or None,
        "message": message or told.message or None,
    }
    if spec.init_containers:
        made["initContainerStatuses"] = [_container(one, seen) for one in spec.init_containers]
    return made


def _why(seen: Seen) -> tuple[str, str]:
    """Why the pod is over, as reason and message, where it did not end by itself."""
    if seen.finished and seen.eviction is not None:
        return "Evicted", seen.eviction.message
    return ("DeadlineExceeded", _LATE) if seen.finished and seen.made.deadline_exceeded else ("", "")


def _disruption(seen: Seen) -> Iterator[Json]:
    """DisruptionTarget, which Jobs look at (the kubelet's `PodReasonTerminationByKubelet`)."""
    if seen.eviction is not None and seen.eviction.disrupted:
        yield _condition(seen, "DisruptionTarget", ("TerminationByKubelet", seen.eviction.message), holds=True)


def _conditions(seen: Seen) -> Sequence[Json]:
    spec = seen.pod.spec
    uninitialized = [one.name for one in spec.init_containers if not _initialized(one, seen)]
    unready = [one.name for one in spec.containers if not _ready(seen.containers[one.name])]
    sidecars = [one.name for one in spec.init_containers if one.sidecar and not _ready(seen.containers[one.name])]
    begun = seen.made.initialized or seen.made.phase == "Succeeded"
    incomplete = f"containers with incomplete status: [{' '.join(uninitialized)}]"
    initialized = ("", "") if begun else ("ContainersNotInitialized", incomplete)
    ready = _readiness(seen, [*sidecars, *unready])
    return [
        _condition(seen, "PodReadyToStartContainers", ("", "") if seen.sandboxed else None),
        _condition(seen, "Initialized", ("PodCompleted", "") if seen.made.phase == "Succeeded" else initialized, begun),
        _condition(seen, "Ready", ready if ready[0] else _gates(seen.pod)),
        _condition(seen, "ContainersReady", ready),
        _condition(seen, "PodScheduled", ("", ""), holds=True),
        *_disruption(seen),
    ]


def _readiness(seen: Seen, unready: Sequence[str]) -> tuple[str, str]:
    """Why the pod is not ready, as reason and message; empty when it is."""
    if seen.finished:
        return ("PodCompleted" if seen.made.phase == "Succeeded" else "PodFailed", "")
    if unready:
        return ("ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    return ("", "")


def _gates(pod: objects.Pod) -> tuple[str, str]:
    """What the pod's readiness gates still wait for (kubelet `GeneratePodReadyCondition`)."""
    known = {one.type: one.status for one in pod.status.conditions}
    told: list[str] = []
    for gate in (one.condition_type for one in pod.spec.readiness_gates):
        if gate not in known:
            told.append(f'corresponding condition of pod readiness gate "{gate}" does not exist.')
        elif known[gate] != "True":
            told.append(f'the status of pod readiness gate "{gate}" is not "True", but {known[gate]}')
    return ("ReadinessGatesNotReady", ", ".join(told)) if told else ("", "")


def _condition(seen: Seen, type: str, why: tuple[str, str] | None, holds: bool | None = None) -> Json:
    """A condition, with the time at which its status last changed; it holds when nothing speaks against it."""
    holds = (why is not None and not why[0]) if holds is None else holds
    reason, message = why or ("", "")
    old = next((one for one in seen.pod.status.conditions if one.type == type), None)
    since = old.last_transition_time if old is not None and old.status == str(holds) else None
    changed = seconds(since or seen.now)
    made: Json = {"type": type, "status": str(holds), "lastProbeTime": None, "lastTransitionTime": changed}
    made["observedGeneration"] = seen.pod.metadata.generation or None
    return made | {"reason": reason or None, "message": message or None}


def _ready(one: Container) -> bool:
    return one.running and one.ready and one.started


def _initialized(described: objects.Container, seen: Seen) -> bool:
    """Of an init container: whether the next one may start."""
    one = seen.containers[described.name]
    if described.sidecar:
        return one.running and one.started
    return seen.made.initialized or (one.ended is not None and one.ended.code == 0)


def _container(described: objects.Container, seen: Seen) -> Json:
    one = seen.containers[described.name]
    once = described in seen.pod.spec.init_containers and not described.sidecar
    looping = _looping(one, described, seen)
    last = one.ended if looping else one.last
    return {
        "name": one.name,
        "image": described.image,
        "imageID": (one.image_id or f"local/{described.image}") if one.container_id else "",
        "containerID": one.container_id or None,
        "restartCount": one.restarts,
        "ready": (one.ended is not None and one.ended.code == 0) if once else _ready(one),
        "started": one.running and one.started,
        "state": {"waiting": _crash_loop(one, seen)} if looping else _state(one, seen),
        "lastState": _terminated(last) if last else {},
    }


def _looping(one: Container, described: objects.Container, seen: Seen) -> bool:
    """Whether it waits between a crash and the next start."""
    if one.ended is None or one.retry is None or one.retry <= seen.now or seen.finished or seen.pod.metadata.deleting:
        return False
    return plan.wanted_again(one, _policy(described, seen.pod))


def _policy(described: objects.Container, pod: objects.Pod) -> str:
    """When a container is started again."""
    if described in pod.spec.init_containers and not described.sidecar:
        return "OnFailure" if pod.spec.restart_policy == "Always" else pod.spec.restart_policy
    return described.restart_policy or pod.spec.restart_policy


def _state(one: Container, seen: Seen) -> Json:
    match one.state:
        case Running(started):
            return {"running": {"startedAt": seconds(started)}}
        case Terminated() as ended:
            return _terminated(ended)
        case waiting:
            reason = waiting.reason
            if reason == "ContainerCreating" and seen.pod.spec.init_containers:
                reason = "PodInitializing"
            return {"waiting": {"reason": reason} | ({"message": waiting.message} if waiting.message else {})}


def crash_loop(one: Container, pod: objects.Pod) -> str:
    """Why a container that crashed is not started yet."""
    assert one.ended is not None
    assert one.retry is not None
    delay = round((one.retry - one.ended.finished).total_seconds())
    text = f"{delay // 60}m{delay % 60}s" if delay >= 60 else f"{delay}s"
    return f"back-off {text} restarting failed container={one.name} pod={full_name(pod)}"


def full_name(pod: objects.Pod) -> str:
    """A pod as the kubelet's messages name it."""
    meta = pod.metadata
    return f"{meta.name}_{meta.namespace}({meta.uid})"


def _crash_loop(one: Container, seen: Seen) -> Json:
    return {"reason": "CrashLoopBackOff", "message": crash_loop(one, seen.pod)}


def _terminated(ended: Terminated) -> Json:
    made = {
        "exitCode": ended.code,
        "reason": ended.reason,
        "startedAt": seconds(ended.started),
        "finishedAt": seconds(ended.finished),
        "containerID": ended.container_id,
    }
    return {"terminated": made | ({"message": ended.message} if ended.message else {})}
