"""The containers of a pod that this process of the node has not run yet, as far as the pod's status tells.

A container that ran under an earlier process ended with it: closing the control socket ends a kernel and all in it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from podvisor.node import objects
from podvisor.node.states import CRASH_LOOP, FORGIVEN, Container, Terminated

_LOST = "the container ended with the node's process"


def containers(pod: objects.Pod, now: datetime) -> dict[str, Container]:
    """All of the pod's containers, by name, in the order of their starts."""
    told = {one.name: one for one in (*pod.status.init_container_statuses, *pod.status.container_statuses)}
    return {one.name: _container(one.name, told.get(one.name), now) for one in pod.every_container}


def _container(name: str, told: objects.ContainerStatus | None, now: datetime) -> Container:
    one = Container(name)
    if told is None or not told.container_id:
        return one
    one = replace(
        one, runs=told.restart_count + 1, container_id=told.container_id, image_id=told.image_id, outdated=True
    )
    if (running := told.state.running) is not None:
        lost = Terminated(137, "Error", running.started_at or now, now, _LOST, told.container_id)
        return replace(one, state=lost)
    ended = told.state.terminated or told.last_state.terminated
    return one if ended is None else replace(one, state=_terminated(ended, now))


def recall(one: Container, crashes: int, now: datetime) -> Container:
    """A container that had crashed so often in a row when the node's process ended.

    One that waited for its next start waits on; one that ran and was lost is no worse off for that.
    """
    if (end := one.ended) is None or not crashes:
        return one
    if end.message == _LOST:
        return replace(one, crashes=0 if now - end.started >= FORGIVEN else crashes)
    return replace(one, crashes=crashes, retry=end.finished + timedelta(seconds=CRASH_LOOP.delay(crashes - 1)))


def _terminated(told: objects.TerminatedState, now: datetime) -> Terminated:
    started, finished = told.started_at or now, told.finished_at or now
    return Terminated(told.exit_code, told.reason, started, finished, told.message, told.container_id)
