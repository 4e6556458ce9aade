"""Pods of several containers: a FIFO in a shared volume, init containers, a sidecar, and configuration."""

from dataclasses import dataclass

from podvisor import sdk
from podvisor.sdk.objects.core import Pod
from podvisor.tour.screen import Step, Wrong
from podvisor.tour.stage import Stage


@dataclass(frozen=True, slots=True)
class Example:
    """An example whose pod has the same name, and what one of its containers must have said."""

    title: str
    name: str
    container: str
    expected: tuple[str, ...]


EXAMPLES = (
    Example("two containers and a FIFO (fifo.yaml)", "fifo", "reader", ("got one", "got kernel", "got containers")),
    Example("init containers in order (init.yaml)", "init", "main", ("apple", "fig", "pear")),
    Example("a sidecar on 127.0.0.1 (sidecar.yaml)", "sidecar", "main", ("HELLO, NEIGHBOUR",)),
    Example("ConfigMap, Secret, facts (config.yaml)", "config", "main", ("config is green", "mode 400")),
)


async def play(stage: Stage) -> None:
    """Run each to its end."""
    stage.screen.act(f"Pods from examples/, applied with {stage.hands.name}")
    for example in EXAMPLES:
        async with stage.screen.step(example.title) as step:
            await show(stage, example, step)


async def show(stage: Stage, example: Example, step: Step) -> None:
    """Apply it, wait for its end, and look at what it said. Raises Wrong."""
    await stage.apply(example.name)
    pod = await stage.until(sdk.kinds.PODS, example.name, lambda pod: noted(pod, step))
    said = await stage.hands.logs(example.name, example.container)
    missing = [words for words in example.expected if words not in said]
    if pod.status.phase != "Succeeded" or missing:
        raise Wrong(f"{pod.status.phase} {pod.status.message} said {said!r}, without {missing}")
    step.said = said


def noted(pod: Pod, step: Step) -> bool:
    """Whether a pod has ended; meanwhile the audience learns how it is."""
    step.note = pod.status.phase
    return pod.status.phase in ("Succeeded", "Failed")
