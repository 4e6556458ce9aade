"""A real image: pulled from its registry, and run as a pod by its own Entrypoint and Cmd."""

from typing import Any

from podvisor import sdk
from podvisor.tour.acts.images import image_command
from podvisor.tour.hands import NAMESPACE
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import Stage

PODS = sdk.kinds.PODS.raw
NAME = "pulled"
SECONDS = 120.0
"""For which the pod may take to start its program; the pull has a step of its own."""


async def play(stage: Stage) -> None:
    """Show the image that the caller has named, if any was."""
    if not (image := stage.image):
        return
    stage.screen.act(f"A real image ({image})")
    async with stage.screen.step("its registry gives it") as step:
        step.said = (await image_command(stage, "pull", image)).splitlines()[-1]
    async with stage.screen.step("a pod runs the image's own program") as step:
        await stage.client.create(PODS, pod(image), NAMESPACE)
        step.said = _verdict(await stage.until(PODS, NAME, _has_run, SECONDS))
        await stage.client.delete(PODS, sdk.Key(NAMESPACE, NAME))


def pod(image: str) -> dict[str, Any]:
    """A pod that says nothing of what it runs but the image's name."""
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}
    return {"metadata": {"name": NAME}, "spec": spec}


def _has_run(pod: dict[str, Any]) -> bool:
    """True once the program runs or has ended: it may be a server or a greeting."""
    return pod["status"].get("phase") in ("Running", "Succeeded", "Failed")


def _verdict(pod: dict[str, Any]) -> str:
    if pod["status"]["phase"] == "Failed":
        raise Wrong("its program ended with an error, as one does that needs arguments")
    return f"{pod['status']['phase']}, {pod['status']['containerStatuses'][0]['imageID']}"
