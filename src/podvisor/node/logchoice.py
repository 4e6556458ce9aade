"""Which run of a container `kubectl logs` means, by the pod's status (the kubelet's `validateContainerLogStatus`)."""

from podvisor.node import objects


class NoLog(Exception):
    """There is no such log; the text says why, in the kubelet's words."""


def run(pod: objects.Pod, name: str, *, previous: bool) -> int:
    """The number of the run. Raises NoLog."""
    told = next((one for one in pod.status.every_container if one.name == name), objects.ContainerStatus(name))
    where = f'container "{name}" in pod "{pod.metadata.name}"'
    state, last = told.state, told.last_state.terminated
    if previous:
        if last is None:
            raise NoLog(f"previous terminated {where} not found")
        return _number(last.container_id)
    if state.running is not None:
        return _number(told.container_id)
    ended = state.terminated or last
    if ended is not None:
        return _number(ended.container_id)
    if state.waiting is None:
        raise NoLog(f"{where} is waiting to start - no logs yet")
    raise NoLog(f"{where} is waiting to start: {_why(state.waiting.reason)}")


def _why(reason: str) -> str:
    words = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}
    return words.get(reason, reason)


def identity(pod: objects.Pod, name: str, run: int) -> str:
    """A run of a container as the pod's status names it."""
    return f"podvisor://{pod.metadata.uid}/{name}/{run}"


def _number(identity: str) -> int:
    return int(identity.rpartition("/")[2])
