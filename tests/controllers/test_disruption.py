"""PodDisruptionBudgets say how many of their pods may go."""

from datetime import timedelta

import pytest

from podvisor import sdk
from podvisor.sdk import kinds
from podvisor.sdk.objects.meta import seconds

from .conftest import deployment

KEY = sdk.Key("default", "web")


@pytest.fixture
async def world(running):
    async with running("deployment", "replicaset", "disruption") as world:
        yield world


async def create(world, replicas: int = 4, **spec) -> None:
    budget = {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"}}} | spec}
    await world.client.create(kinds.DEPLOYMENTS, deployment(replicas=replicas), "default")
    await world.settle()
    await world.make_ready()
    await world.client.create(kinds.PODDISRUPTIONBUDGETS, budget, "default")
    await world.settle()


def counts(world) -> tuple[int, int, int, int]:
    told = world.one(kinds.PODDISRUPTIONBUDGETS, "web")["status"]
    return tuple(
        told.get(name, 0) for name in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")
    )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": 3}, (4, 4, 3, 1)),
        ({"minAvailable": 9}, (4, 4, 9, 0)),
        ({"minAvailable": "60%"}, (4, 4, 3, 1)),
        ({"maxUnavailable": 2}, (4, 4, 2, 2)),
        ({"maxUnavailable": "30%"}, (4, 4, 2, 2)),
        ({"maxUnavailable": 0}, (4, 4, 4, 0)),
    ],
)
async def test_what_may_go(world, spec, expected):
    await create(world, **spec)
    assert counts(world) == expected
    condition = world.one(kinds.PODDISRUPTIONBUDGETS, "web")["status"]["conditions"][0]
    assert condition["reason"] == ("SufficientPods" if expected[3] else "InsufficientPods")


async def test_a_pod_that_is_not_ready_is_one_that_may_not_go(world):
    await create(world, minAvailable=3)
    await world.set_status(world.pods()[0], conditions=[{"type": "Ready", "status": "False"}])
    await world.settle()
    assert counts(world) == (4, 3, 3, 0)


async def test_what_is_granted_counts_as_gone_until_it_is_forgotten(world, clock):
    await create(world, minAvailable=2)
    name = world.names(kinds.PODS)[0]
    granted = {"status": {"disruptedPods": {name: seconds(clock.now())}, "disruptionsAllowed": 1}}
    await world.client.patch(kinds.PODDISRUPTIONBUDGETS, KEY, granted, sdk.STATUS)
    await world.settle()
    assert counts(world) == (4, 3, 2, 1)
    await clock.advance(timedelta(minutes=2, seconds=1).total_seconds())
    await world.settle()
    assert counts(world) == (4, 4, 2, 2)
    assert not world.one(kinds.PODDISRUPTIONBUDGETS, "web")["status"].get("disruptedPods")


async def test_pods_without_a_controller_cannot_be_shares(world):
    world.api.add(kinds.PODS, {"metadata": {"name": "lone", "labels": {"app": "lone"}}})
    spec = {"selector": {"matchLabels": {"app": "lone"}}, "maxUnavailable": 1}
    await world.client.create(kinds.PODDISRUPTIONBUDGETS, {"metadata": {"name": "web"}, "spec": spec}, "default")
    await world.settle()
    assert counts(world) == (0, 0, 0, 0)
    assert world.messages("CalculateExpectedPodCountFailed")
