"""The row of a pod in `kubectl get pods` (Kubernetes `pkg/printers/internalversion/printers.go`)."""

from collections.abc import Sequence
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json

COLUMNS = (
    NAME,
    Column("Ready", description="The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", description="The aggregate status of the containers in this pod."),
    Column("Restarts", description="The number of times the containers in this pod have been restarted."),
    AGE,
    Column("IP", wide=True, description="IP address allocated to the pod."),
    Column("Node", wide=True, description="The node the pod runs on."),
    Column("Nominated Node", wide=True, description="The node on which lower priority pods are to make room."),
    Column("Readiness Gates", wide=True, description="The passed and all readiness gates."),
)


def row(item: Json, now: datetime) -> Cells:
    """The cells of a pod."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status", {})
    statuses: Sequence[Json] = status.get("containerStatuses", ())
    sidecars = {one["name"] for one in spec.get("initContainers", ()) if one.get("restartPolicy") == "Always"}
    init: Sequence[Json] = [one for one in status.get("initContainerStatuses", ()) if one["name"] in sidecars]
    ready = sum(bool(one.get("ready")) and "running" in one.get("state", {}) for one in (*statuses, *init))
    return (
        metadata["name"],
        f"{ready}/{len(spec.get('containers', ())) + len(sidecars)}",
        reason(item),
        _restarts(item, now),
        cells.age(metadata, now),
        status.get("podIP") or "<none>",
        spec.get("nodeName") or "<none>",
        status.get("nominatedNodeName") or "<none>",
        _gates(spec, status),
    )


def reason(item: Json) -> str:
    """The word in the column Status."""
    status = item.get("status", {})
    text = status.get("reason") or status.get("phase", "")
    if any(one["type"] == "PodScheduled" and one.get("reason") == "SchedulingGated" for one in _conditions(status)):
        text = "SchedulingGated"
    waiting_for = _init_reason(item)
    if waiting_for and not _has(status, "Initialized"):
        text = waiting_for
    elif not waiting_for:
        text = _container_reason(status, text)
    if "deletionTimestamp" in item["metadata"]:
        if status.get("reason") == "NodeLost":
            return "Unknown"
        return text if status.get("phase") in ("Succeeded", "Failed") else "Terminating"
    return text


def _init_reason(item: Json) -> str:
    """What the pod waits for if it is still being initialized."""
    spec, status = item["spec"], item.get("status", {})
    policies = {one["name"]: one.get("restartPolicy") for one in spec.get("initContainers", ())}
    for index, one in enumerate(status.get("initContainerStatuses", ())):
        state = one.get("state", {})
        if "terminated" in state and not state["terminated"].get("exitCode"):
            continue
        if policies.get(one["name"]) == "Always" and one.get("started"):
            continue
        if "terminated" in state:
            return f"Init:{_ended(state['terminated'])}"
        waiting = state.get("waiting", {}).get("reason", "")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{len(policies)}"
    return ""


def _container_reason(status: Json, text: str) -> str:
    running = False
    for one in reversed(status.get("containerStatuses", ())):
        state = one.get("state", {})
        if state.get("waiting", {}).get("reason"):
            text = state["waiting"]["reason"]
        elif "terminated" in state:
            text = _ended(state["terminated"])
        elif one.get("ready") and "running" in state:
            running = True
    if text == "Completed" and running:
        return "Running" if _has(status, "Ready") else "NotReady"
    return text


def _ended(state: Json) -> str:
    if state.get("reason"):
        return state["reason"]
    return f"Signal:{state['signal']}" if state.get("signal") else f"ExitCode:{state.get('exitCode', 0)}"


def _restarts(item: Json, now: datetime) -> str:
    status = item.get("status", {})
    policies = {one["name"]: one.get("restartPolicy") for one in item["spec"].get("initContainers", ())}
    counted: list[Json] = list(status.get("containerStatuses", ()))
    if _init_reason(item) and not _has(status, "Initialized"):
        counted = list(status.get("initContainerStatuses", ()))
    else:
        counted += [one for one in status.get("initContainerStatuses", ()) if policies.get(one["name"]) == "Always"]
    total = sum(one.get("restartCount", 0) for one in counted)
    ends = [objects.dig(one, "lastState", "terminated", "finishedAt") for one in counted]
    last = max((end for end in ends if end), default=None)
    return f"{total} ({cells.since(last, now)} ago)" if total and last else str(total)


def _gates(spec: Json, status: Json) -> str:
    gates = [one["conditionType"] for one in spec.get("readinessGates", ())]
    return f"{sum(_has(status, gate) for gate in gates)}/{len(gates)}" if gates else "<none>"


def _conditions(status: Json) -> Sequence[Json]:
    return status.get("conditions", ())


def _has(status: Json, kind: str) -> bool:
    return any(one["type"] == kind and one["status"] == "True" for one in _conditions(status))
