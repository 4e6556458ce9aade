"""What there is to know about a cluster at a glance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from podvisor import sdk
from podvisor.cluster.directory import Directory, Running
from podvisor.cluster.errors import NotRunning
from podvisor.sdk.objects.core import Node


@dataclass(frozen=True, slots=True)
class Report:
    """A cluster as it is now."""

    running: Running
    version: str
    """What the API server says it is; empty if it does not answer."""
    problem: str
    """Why the API server could not be asked; empty if it could."""
    nodes: Sequence[tuple[str, bool]]
    """Each node, and whether it is Ready."""
    phases: Counter[str]
    """How many pods are in which phase."""

    def lines(self, directory: Directory) -> Sequence[str]:
        """As a person reads it."""
        since = datetime.fromisoformat(self.running.started)
        told = [
            f"cluster     running since {since:%Y-%m-%d %H:%M:%S} UTC (process {self.running.pid})",
            f"API server  {self.running.url} {self.version or 'does not answer: ' + self.problem}",
        ]
        if self.version:
            nodes = [f"{name} {'Ready' if ready else 'NotReady'}" for name, ready in self.nodes]
            pods = [f"{count} {phase}" for phase, count in sorted(self.phases.items())]
            told += [f"nodes       {', '.join(nodes) or 'none'}", f"pods        {', '.join(pods) or 'none'}"]
        return [*told, f"kubeconfig  {directory.admin_kubeconfig}"]


async def report(directory: Directory) -> Report:
    """Ask the cluster on a directory. Raises NotRunning."""
    running = directory.running()
    if running is None:
        raise NotRunning(f"no cluster runs on {directory.root}")
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([directory.admin_kubeconfig]).access))
    try:
        version = msgspec.json.decode(await client.read("/version"))["gitVersion"]
        nodes = (await client.list(sdk.kinds.NODES)).items
        pods = (await client.list(sdk.kinds.PODS)).items
    except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
        return Report(running, "", str(error), [], Counter())
    finally:
        await client.close()
    phases = Counter(pod.status.phase for pod in pods)
    return Report(running, version, "", [(node.metadata.name, _ready(node)) for node in nodes], phases)


def _ready(node: Node) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
