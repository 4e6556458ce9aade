"""What a pod's status says: a function of the pod, its containers and the plan for it.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from podvisor.node import plan
from podvisor.node.states import Container, Json, Running, Terminated, Waiting
from podvisor.sdk.objects.meta import seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """What a status is made from."""

    pod: Json
    containers: Mapping[str, Container]
    made: plan.Plan
    address: str
    host: str
    started: datetime
    now: datetime


def status(seen: Seen) -> Json:
    """The pod's status, whole."""
    spec = seen.pod["spec"]
    made: Json = {
        "phase": seen.made.phase,
        "observedGeneration": seen.pod["metadata"].get("generation"),
        "hostIP": seen.host,
        "hostIPs": [{"ip": seen.host}],
        "podIP": seen.address,
        "podIPs": [{"ip": seen.address}],
        "startTime": seconds(seen.started),
        "qosClass": seen.pod.get("status", {}).get("qosClass") or qos(spec),
        "conditions": _conditions(seen),
        "containerStatuses": [_container(one, seen) for one in spec["containers"]],
        "reason": "DeadlineExceeded" if seen.made.deadline_exceeded else None,
        "message": _LATE if seen.made.deadline_exceeded else None,
    }
    if spec.get("initContainers"):
        made["initContainerStatuses"] = [_init_container(one, seen) for one in spec["initContainers"]]
    return made


_LATE = "Pod was active on the node longer than the specified deadline"


def qos(spec: Json) -> str:
    """https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/"""
    resources = [one.get("resources") or {} for one in (*(spec.get("initContainers") or ()), *spec["containers"])]
    if not any(one.get("requests") or one.get("limits") for one in resources):
        return "BestEffort"
    for one in resources:
        limits, requests = one.get("limits") or {}, one.get("requests") or {}
        for name in ("cpu", "memory"):
            if name not in limits or requests.get(name, limits[name]) != limits[name]:
                return "Burstable"
    return "Guaranteed"


def _conditions(seen: Seen) -> Sequence[Json]:
    finished = seen.made.phase in ("Succeeded", "Failed")
    unready = [one["name"] for one in seen.pod["spec"]["containers"] if not _ready(seen.containers[one["name"]])]
    reason, message = "", ""
    if finished:
        reason = "PodCompleted" if seen.made.phase == "Succeeded" else "PodFailed"
    elif unready:
        reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    ready = not finished and not unready
    begun = seen.made.initialized or seen.made.phase == "Succeeded"
    waiting = "" if begun else "ContainersNotInitialized"
    return [
        _condition(seen, "PodReadyToStartContainers", holds=not finished),
        _condition(seen, "Initialized", holds=begun, reason=waiting),
        _condition(seen, "Ready", holds=ready, reason=reason, message=message),
        _condition(seen, "ContainersReady", holds=ready, reason=reason, message=message),
        _condition(seen, "PodScheduled", holds=True),
    ]


def _condition(seen: Seen, type: str, *, holds: bool, reason: str = "", message: str = "") -> Json:
    """A condition, with the time at which its status last changed."""
    before = seen.pod.get("status", {}).get("conditions") or ()
    old = next((one for one in before if one["type"] == type), None)
    value = str(holds)
    since = old.get("lastTransitionTime") if old is not None and old["status"] == value else None
    made = {"type": type, "status": value, "lastProbeTime": None, "lastTransitionTime": since or seconds(seen.now)}
    extra = {"reason": reason, "message": message, "observedGeneration": seen.pod["metadata"].get("generation")}
    return made | {name: text for name, text in extra.items() if text}


def _ready(one: Container) -> bool:
    return one.running and one.ready and one.started


def _container(spec: Json, seen: Seen) -> Json:
    one = seen.containers[spec["name"]]
    made: Json = {
        "name": one.name,
        "image": spec["image"],
        "imageID": f"local/{spec['image']}" if one.container_id else "",
        "containerID": one.container_id,
        "restartCount": one.restarts,
        "ready": _ready(one),
        "started": one.running and one.started,
        "state": _state(one, seen),
        "lastState": _terminated(one.last) if one.last else {},
    }
    if _looping(one, seen) and isinstance(one.state, Terminated):
        made["lastState"] = _terminated(one.state)
    return made


def _init_container(spec: Json, seen: Seen) -> Json:
    """As a main one, except that an init container is ready once it has succeeded."""
    one, made = seen.containers[spec["name"]], _container(spec, seen)
    if isinstance(one.state, Terminated) and not plan.sidecar(spec):
        made["ready"] = one.state.code == 0
    return made


def _looping(one: Container, seen: Seen) -> bool:
    """Whether it waits between a crash and the next start."""
    if not isinstance(one.state, Terminated) or one.retry is None or seen.made.phase in ("Succeeded", "Failed"):
        return False
    return one.retry > seen.now and seen.made.wake is not None and one.crashes > 1 and _again(one, seen.pod)


def _again(one: Container, pod: Json) -> bool:
    policy = plan.restart_policy(pod)
    failed = isinstance(one.state, Terminated) and one.state.code != 0
    inits = {spec["name"]: spec for spec in pod["spec"].get("initContainers") or ()}
    if one.name in inits:
        return plan.sidecar(inits[one.name]) or (failed and policy != "Never")
    return policy == "Always" or (policy == "OnFailure" and failed)


def _state(one: Container, seen: Seen) -> Json:
    match one.state:
        case Running(started):
            return {"running": {"startedAt": seconds(started)}}
        case Terminated() as ended:
            return {"waiting": _crash_loop(one, seen)} if _looping(one, seen) else _terminated(ended)
        case Waiting(reason, message):
            if reason == "ContainerCreating" and not seen.made.initialized and _is_main(one, seen.pod):
                reason = "PodInitializing"
            return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def _is_main(one: Container, pod: Json) -> bool:
    return bool(pod["spec"].get("initContainers")) and any(
        spec["name"] == one.name for spec in pod["spec"]["containers"]
    )


def _crash_loop(one: Container, seen: Seen) -> Json:
    assert isinstance(one.state, Terminated)
    assert one.retry is not None
    meta, delay = seen.pod["metadata"], round((one.retry - one.state.finished).total_seconds())
    text = f"{delay // 60}m{delay % 60}s" if delay >= 60 else f"{delay}s"
    pod = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
    message = f"back-off {text} restarting failed container={one.name} pod={pod}"
    return {"reason": "CrashLoopBackOff", "message": message}


def _terminated(ended: Terminated) -> Json:
    made = {
        "exitCode": ended.code,
        "reason": ended.reason,
        "startedAt": seconds(ended.started),
        "finishedAt": seconds(ended.finished),
        "containerID": ended.container_id,
    }
    return {"terminated": made | ({"message": ended.message} if ended.message else {})}
