"""What pods cost: how long one takes to run, and the memory of everything."""

from statistics import median

from podvisor import sdk
from podvisor.tour import processes
from podvisor.tour.hands import NAMESPACE
from podvisor.tour.processes import Process
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import Stage

COUNT = 5


async def play(stage: Stage) -> None:
    """Start some idle pods one after the other, and weigh them."""
    screen, before = stage.screen, set(_kernels(stage))
    screen.act("What it costs")
    async with screen.step("a pod, from its creation to Running") as step:
        taken = [await _started(stage, f"idle-{number}") for number in range(COUNT)]
        step.figure = f"{median(taken) * 1000:.0f} ms"
        step.said = f"median of {COUNT}, as a watch sees it: {', '.join(f'{one * 1000:.0f}' for one in taken)}"
    async with screen.step("memory of an idle pod") as step:
        idle = [one for one in _kernels(stage) if one not in before]
        if len(idle) != COUNT:
            raise Wrong(f"{len(idle)} new kernels run where there should be {COUNT}")
        step.figure = f"{median(processes.memory(processes.below(one.pid)) for one in idle):.1f} MB"
        step.said = "its kernel and its program (PSS)"
    async with screen.step("memory of everything") as step:
        there = stage.processes()
        server = processes.memory(there[:1])
        step.figure = f"{processes.memory(there):.0f} MB"
        step.said = f"{len(_kernels(stage))} pods in {len(there)} processes; the server {server:.0f} MB of it"


async def _started(stage: Stage, name: str) -> float:
    container = {"name": "main", "image": "host", "command": ["sleep", "infinity"]}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    began = stage.clock.monotonic()
    await stage.client.create(sdk.kinds.PODS, {"metadata": {"name": name}, "spec": spec}, NAMESPACE)
    await stage.until(sdk.kinds.PODS, name, lambda pod: pod.status.phase == "Running")
    return stage.clock.monotonic() - began


def _kernels(stage: Stage) -> list[Process]:
    """One a pod: what the server has started itself."""
    stage.processes()
    return processes.children(stage.pid)
