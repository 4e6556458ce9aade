"""A Deployment: three web servers become five, then get a new version, and none is missed meanwhile."""

from collections.abc import Sequence

from podvisor import sdk
from podvisor.sdk.objects.apps import Deployment
from podvisor.sdk.objects.core import Pod
from podvisor.tour.hands import NAMESPACE
from podvisor.tour.screen import Step, Wrong
from podvisor.tour.stage import Stage

NAME = "web"
ASK = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080').read().decode(), end='')"


async def play(stage: Stage) -> None:
    """Roll it out, scale it, give it a new version, and ask a server which one it is."""
    screen, hands = stage.screen, stage.hands
    screen.act("A Deployment of web servers (web.yaml)")
    async with screen.step("three servers, ready when they answer") as step:
        await stage.apply(NAME)
        await _rolled_out(stage, step, 3)
    async with screen.step("scaled to five") as step:
        await hands.scale(NAME, 5)
        await _rolled_out(stage, step, 5)
    async with screen.step("rolled to version 2") as step:
        before = await pods(stage)
        await hands.set_variable(NAME, "VERSION", "2")
        await _rolled_out(stage, step, 5)
        kept = {pod.metadata.name for pod in before} & {pod.metadata.name for pod in await pods(stage)}
        if kept:
            raise Wrong(f"{', '.join(sorted(kept))} of version 1 still serve")
        step.said = f"five new pods; {step.said}"
    async with screen.step("and what does a server say?") as step:
        name = (await pods(stage))[0].metadata.name
        answer = await hands.execute(name, ["python3", "-c", ASK])
        if answer.stdout != f"version 2 from {name}\n":
            raise Wrong(answer.stdout + answer.stderr)
        step.said = answer.stdout


async def pods(stage: Stage) -> Sequence[Pod]:
    """Its pods that are not on their way out."""
    listed = await stage.client.list(sdk.kinds.PODS, sdk.Selection(NAMESPACE, labels=f"app={NAME}"))
    return [pod for pod in listed.items if not pod.metadata.deleting]


async def _rolled_out(stage: Stage, step: Step, size: int) -> None:
    least: list[int] = []

    def is_done(found: Deployment) -> bool:
        status = found.status
        step.note = f"{status.updated_replicas} of {size} are new, {status.available_replicas} are available"
        least.append(status.available_replicas)
        counts = {found.spec.replicas, status.replicas, status.updated_replicas, status.available_replicas}
        return status.observed_generation >= found.metadata.generation and counts == {size}

    await stage.until(sdk.kinds.DEPLOYMENTS, NAME, is_done)
    stage.processes()
    step.said = f"never fewer than {min(least)} available" if min(least) else f"{size} available"
