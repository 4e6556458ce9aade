"""What there is to know about a cluster at a glance."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from podvisor import sdk
from podvisor.cluster import usage
from podvisor.cluster.directory import Directory, Running
from podvisor.cluster.errors import NotRunning
from podvisor.sdk.objects.core import Node

PATIENCE = 5.0
"""Seconds that the API server may take to answer."""


@dataclass(frozen=True, slots=True)
class Report:
    """A cluster as it is now."""

    running: Running
    memory: int
    """Bytes that the server, its pods and their kernels use."""
    version: str = ""
    """What the API server says it is; empty if it does not answer."""
    problem: str = ""
    """Why the API server could not be asked; empty if it could."""
    nodes: Sequence[tuple[str, bool]] = ()
    """Each node, and whether it is Ready."""
    phases: Mapping[str, int] = field(default_factory=Counter[str])
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
        memory = f"memory      {self.memory / (1 << 20):.0f} MiB in all"
        return [*told, memory, f"kubeconfig  {directory.admin_kubeconfig}"]

    def data(self, directory: Directory) -> Mapping[str, Any]:
        """As a program reads it."""
        return {
            "running": True,
            "pid": self.running.pid,
            "started": self.running.started,
            "url": self.running.url,
            "version": self.version,
            "problem": self.problem,
            "nodes": [{"name": name, "ready": ready} for name, ready in self.nodes],
            "pods": dict(self.phases),
            "memoryBytes": self.memory,
            "kubeconfig": str(directory.admin_kubeconfig),
        }


async def report(directory: Directory) -> Report:
    """Ask the cluster on a directory. Raises NotRunning."""
    running = directory.running()
    if running is None:
        raise NotRunning(f"no cluster runs on {directory.root}")
    memory = usage.memory(running.pid)
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([directory.admin_kubeconfig]).access))
    try:
        async with asyncio.timeout(PATIENCE):
            version = msgspec.json.decode(await client.read("/version"))["gitVersion"]
            nodes = (await client.list(sdk.kinds.NODES)).items
            pods = (await client.list(sdk.kinds.PODS)).items
    except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
        return Report(running, memory, problem=str(error))
    except TimeoutError:
        return Report(running, memory, problem=f"nothing came for {PATIENCE:g} s")
    finally:
        await client.close()
    phases = Counter(pod.status.phase for pod in pods)
    return Report(running, memory, version, "", [(node.metadata.name, _ready(node)) for node in nodes], phases)


def _ready(node: Node) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
