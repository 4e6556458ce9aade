"""What pods use, as `kubectl top` shows it: measured by their kernels.

https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
"""

from pods.kit import Pods, container, forever

HOLDING = "x=$(head -c 40000000 /dev/zero | tr '\\0' a); echo up; sleep infinity & wait"


async def test_what_a_pod_uses_is_measured_from_its_start(pods: Pods):
    """Nobody has to wait for a second look: the first figures are those of the time since the start."""
    name = await pods.up(container(HOLDING), forever("side"))
    shown = await pods.kubectl("top", "pod", name, "--containers", "--no-headers", "--sort-by=memory")
    rows = {line.split()[1]: line.split() for line in shown.splitlines()}
    assert list(rows) == ["main", "side"]
    assert int(rows["main"][3].removesuffix("Mi")) >= 38
    assert int(rows["side"][3].removesuffix("Mi")) < 38
    assert int(rows["main"][2].removesuffix("m")) >= 1


async def test_the_node_is_measured(pods: Pods):
    [line] = (await pods.kubectl("top", "node", "--no-headers")).splitlines()
    assert line.split()[1].endswith("m")
