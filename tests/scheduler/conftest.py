"""A scheduler over an API in memory, under a virtual clock."""

from contextlib import asynccontextmanager

import pytest

from podvisor import scheduler, sdk
from podvisor.base import tasks
from podvisor.sdk import kinds
from podvisor.testing.clock import VirtualClock, settle
from podvisor.testing.memory import MemoryApi


class World:
    """The cluster as a test sees it."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.api = MemoryApi(clock)
        self.client = sdk.Client(self.api, clock=clock)

    def node(self, name: str = "n1", *, taints=(), unschedulable: bool = False, labels=None, **allocatable) -> None:
        offered = {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "10Gi", "pods": "110"}
        offered |= {key.replace("_", "-"): amount for key, amount in allocatable.items()}
        spec = {"taints": list(taints), "unschedulable": unschedulable}
        meta = {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}}
        self.api.add(kinds.NODES, {"metadata": meta, "spec": spec, "status": {"allocatable": offered}})

    async def pod(self, name: str = "p", *, labels=None, **spec) -> None:
        """Create a pod; the keywords are its spec, and `requests` those of its one container."""
        container = {"name": "main", "resources": {"requests": spec.pop("requests", {})}}
        whole = {"containers": [container], **spec}
        await self.client.create(
            kinds.PODS, {"metadata": {"name": name, "labels": labels or {}}, "spec": whole}, "default"
        )
        await settle(300)

    def place(self, name: str = "p") -> str:
        """The node that a pod is on, or nothing."""
        return self._pod(name)["spec"].get("nodeName", "")

    def told(self, name: str = "p") -> dict:
        """Its PodScheduled condition."""
        return next(one for one in self._pod(name)["status"]["conditions"] if one["type"] == "PodScheduled")

    def events(self, reason: str) -> list[dict]:
        return [event for event in self.api.everything(kinds.EVENTS) if event["reason"] == reason]

    def _pod(self, name: str) -> dict:
        thing = self.api.store.get("pods", sdk.Key("default", name))
        assert thing is not None
        return thing


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def world(clock) -> World:
    return World(clock)


@pytest.fixture
def running(world, clock):
    @asynccontextmanager
    async def run(settings: scheduler.Settings | None = None):
        async with tasks.background() as scope:
            scope.start(scheduler.run(world.client, settings or scheduler.Settings(), clock))
            await settle(300)
            yield world

    return run
