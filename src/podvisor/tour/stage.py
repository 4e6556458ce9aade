"""Where the tour plays: a cluster on a directory of its own, who acts on it, and what both acts and audience share."""

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from podvisor import sdk
from podvisor.base.clock import Clock
from podvisor.cluster.directory import Directory
from podvisor.tour import processes
from podvisor.tour.hands import NAMESPACE, Hands, Kubectl, OwnClient
from podvisor.tour.processes import Process
from podvisor.tour.screen import Screen, Wrong

T = TypeVar("T")

PODVISOR = (sys.executable, "-m", "podvisor")
EXAMPLES = Path(__file__).with_name("examples")
PATIENCE = 30.0
"""Seconds after which a step that waits gives up."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A cluster that runs, and who acts on it."""

    screen: Screen
    clock: Clock
    directory: Directory
    access: sdk.Access
    client: sdk.Client
    hands: Hands
    image: str = ""
    """What the caller wants to be shown from a registry."""
    seen: set[Process] = field(default_factory=set[Process])
    """Every process of the cluster that acts have met: at the end none may be left."""

    @property
    def pid(self) -> int:
        """The server's process. Raises Wrong where the cluster has ended."""
        if (pid := self.directory.holder()) is None:
            raise Wrong(f"the cluster has ended; see {self.directory.log}")
        return pid

    def processes(self) -> Sequence[Process]:
        """Those of the cluster as it is now, the server first."""
        found = processes.below(self.pid)
        self.seen.update(found)
        return found

    async def apply(self, example: str) -> None:
        """Apply one of the examples."""
        await self.hands.apply(EXAMPLES / f"{example}.yaml")

    async def until(
        self, resource: sdk.Resource[T], name: str, wanted: Callable[[T], bool], seconds: float = PATIENCE
    ) -> T:
        """Watch an object until it is as wanted. Raises TimeoutError."""

        def looks_right(found: T | None) -> bool:
            return found is not None and wanted(found)

        key = sdk.Key(NAMESPACE, name)
        found = await sdk.until(self.client, resource, key, looks_right, self.clock, seconds)
        assert found is not None
        return found


def opened(screen: Screen, clock: Clock, directory: Directory, *, own_client: bool, image: str = "") -> Stage:
    """The stage on a cluster that runs. The client is the caller's to close."""
    access = sdk.kubeconfig.load([directory.admin_kubeconfig]).access
    client = sdk.Client(sdk.HttpTransport(access), clock=clock)
    kubectl = None if own_client else shutil.which("kubectl")
    hands: Hands = OwnClient(client, access)
    if kubectl:
        hands = Kubectl(kubectl, directory.admin_kubeconfig, directory.root / "kubectl-cache")
    return Stage(screen, clock, directory, access, client, hands, image)


async def podvisor(*arguments: str, stdin: str = "") -> sdk.Finished:
    """Run one of our own commands to its end, also when cancelled: a start that was given up would be missed later."""
    process = await asyncio.create_subprocess_exec(
        *PODVISOR,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = (text.decode(errors="replace") for text in await process.communicate(stdin.encode()))
    except asyncio.CancelledError:
        await process.wait()
        raise
    return sdk.Finished(process.returncode or 0, output, errors)
