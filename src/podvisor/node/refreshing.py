"""Keeps the files of a pod's volumes as what they show: ConfigMaps, Secrets, the pod's own facts, fresh tokens.

https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically
"""

from contextlib import suppress

from podvisor.node import telling
from podvisor.node.errors import NotMountable
from podvisor.node.host import Node
from podvisor.node.pod_sandbox import PodSandbox

LOOK = 60.0
"""Seconds between looks at whether a token is to be renewed: the machine may have slept meanwhile."""
AGAIN = 10.0
"""Seconds after which a refresh that failed is tried again; until then the files stay as they were."""


async def keep(box: PodSandbox, node: Node) -> None:
    """Refresh the volumes whenever they are stale, from when they are made until the pod is over."""
    await box.made.wait()
    wait = LOOK
    while not box.over:
        if not await _stale(box, node, wait):
            continue
        try:
            await box.volumes.refresh(box.changed)
            wait = LOOK
        except NotMountable as error:
            wait = AGAIN
            for reason, message in error.warnings:
                telling.warning(node, box.pod, reason, message)


async def _stale(box: PodSandbox, node: Node, seconds: float) -> bool:
    """Wait for a change, or for the time of the next look; whether there is something to do then."""
    if box.tokens.renewal is None and seconds == LOOK:
        await box.stale.wait()
    else:
        with suppress(TimeoutError):
            async with node.clock.timeout(seconds):
                await box.stale.wait()
    changed, renewal = box.stale.is_set(), box.tokens.renewal
    box.stale.clear()
    return not box.over and (changed or seconds == AGAIN or (renewal is not None and node.clock.now() >= renewal))
