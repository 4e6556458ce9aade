"""What pods use, as `kubectl top` shows it: measured by their kernels.

https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
"""

import asyncio

from pods.kit import SECONDS, Pods, container, forever

HOLDING = "x=$(head -c 40000000 /dev/zero | tr '\\0' a); echo up; sleep infinity & wait"


async def top(pods: Pods, name: str) -> dict[str, list[str]]:
    """The rows of a pod's containers by their names."""
    shown = await pods.kubectl("top", "pod", name, "--containers", "--no-headers", "--sort-by=memory")
    return {line.split()[1]: line.split() for line in shown.splitlines()}


async def test_what_a_pod_uses_is_measured(pods: Pods):
    """The first figures are those of the time since the start, which may have been looked at too early."""
    name = await pods.up(container(HOLDING), forever("side"))
    async with asyncio.timeout(3 * SECONDS):
        while int((rows := await top(pods, name))["main"][3].removesuffix("Mi")) < 38:
            pass
    assert list(rows) == ["main", "side"]
    assert int(rows["side"][3].removesuffix("Mi")) < 38
    assert int(rows["main"][2].removesuffix("m")) >= 1


async def test_the_node_is_measured(pods: Pods):
    [line] = (await pods.kubectl("top", "node", "--no-headers")).splitlines()
    assert line.split()[1].endswith("m")
