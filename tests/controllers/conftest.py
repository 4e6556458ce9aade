"""Controllers over an API in memory, under a virtual clock, with a node that runs whatever is created."""

from contextlib import asynccontextmanager

import pytest

from podvisor import controllers, sdk
from podvisor.base import tasks
from podvisor.sdk import kinds
from podvisor.sdk.objects.meta import seconds
from podvisor.testing.clock import VirtualClock, settle
from podvisor.testing.memory import MemoryApi


class World:
    """The cluster as a test sees it."""

    def __init__(self, api: MemoryApi, clock: VirtualClock) -> None:
        self.api = api
        self.clock = clock
        self.client = sdk.Client(api, clock=clock)

    async def settle(self) -> None:
        """Let the loops come to rest, backoffs of up to half a second included."""
        for _ in range(5):
            await self.clock.advance(0.1)
            await settle(200)

    def pods(self) -> list[dict]:
        return self.api.everything(kinds.PODS)

    def one(self, resource, name: str, namespace: str = "default") -> dict:
        thing = self.api.store.get(str(resource), sdk.Key(namespace if resource.namespaced else "", name))
        assert thing is not None, f"no {resource} {name}"
        return thing

    def names(self, resource) -> list[str]:
        return [thing["metadata"]["name"] for thing in self.api.everything(resource)]

    def messages(self, reason: str) -> list[str]:
        return [event["message"] for event in self.api.everything(kinds.EVENTS) if event["reason"] == reason]

    async def set_status(self, pod: dict, **status) -> None:
        key = sdk.Key(pod["metadata"]["namespace"], pod["metadata"]["name"])
        await self.client.patch(kinds.PODS, key, {"status": status}, sdk.STATUS)

    async def make_ready(self, *pods: dict) -> None:
        """Have these pods, or all that do not run yet, run and be ready."""
        now = seconds(self.clock.now())
        for pod in pods or [pod for pod in self.pods() if pod["status"].get("phase") == "Pending"]:
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": now}
            await self.set_status(pod, phase="Running", conditions=[ready])
        await self.settle()

    async def end(self, *pods: dict, phase: str) -> None:
        for pod in pods:
            state = {"terminated": {"exitCode": int(phase == "Failed"), "finishedAt": seconds(self.clock.now())}}
            await self.set_status(pod, phase=phase, containerStatuses=[{"name": "main", "state": state}])
        await self.settle()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def world(clock) -> World:
    return World(MemoryApi(clock), clock)


@pytest.fixture
def running(world, clock):
    """Run the named loops (all of them, unless some are named) for the length of a block."""

    @asynccontextmanager
    async def run(*names: str, settings: controllers.Settings | None = None):
        async with tasks.background() as scope:
            work = controllers.run(world.client, settings or controllers.Settings(), clock, only=names)
            scope.start(work)
            await world.settle()
            yield world

    return run


def template(image: str = "web:1", **labels: str) -> dict:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}


def replicaset(name: str = "web", replicas: int = 3, **labels: str) -> dict:
    labels = labels or {"app": name}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(**labels)}
    return {"metadata": {"name": name}, "spec": spec}


def deployment(name: str = "web", replicas: int = 3, **spec) -> dict:
    labels = {"app": name}
    base = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template(**labels)}
    return {"metadata": {"name": name}, "spec": base | spec}
