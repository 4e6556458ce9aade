"""Important pods make room for themselves."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds
from podvisor.testing.clock import settle


@pytest.fixture
async def world(running):
    async with running() as world:
        yield world


def names(world) -> set[str]:
    return {
        pod["metadata"]["name"]
        for pod in world.api.everything(kinds.PODS)
        if "deletionTimestamp" not in pod["metadata"]
    }


async def ended(world, clock) -> None:
    """What is being deleted is gone."""
    for pod in world.api.everything(kinds.PODS):
        if "deletionTimestamp" in pod["metadata"]:
            options = sdk.DeleteOptions(grace_period_seconds=0)
            await world.client.delete(kinds.PODS, sdk.Key("default", pod["metadata"]["name"]), options)
    await clock.advance(15)
    await settle(300)


async def test_less_important_pods_go_until_the_important_one_fits(world, clock):
    world.node(cpu="3")
    for name, priority in (("low", 1), ("lower", 0), ("high", 10)):
        await world.pod(name, priority=priority, requests={"cpu": "1"})
    await world.pod("important", priority=5, requests={"cpu": "1"})
    assert names(world) == {"low", "high", "important"}
    assert world.told("important")["message"] == "0/1 nodes are available: 1 Insufficient cpu."
    await ended(world, clock)
    assert world.place("important") == "n1"
    (event,) = world.events("Preempted")
    assert event["message"].endswith("on node n1")
    assert event["involvedObject"]["name"] == "lower"


async def test_the_room_is_kept_for_the_one_that_made_it(world, clock):
    world.node(cpu="1")
    await world.pod("low", requests={"cpu": "1"})
    await world.pod("important", priority=5, requests={"cpu": "1"})
    assert world.api.store.get("pods", sdk.Key("default", "important"))["status"]["nominatedNodeName"] == "n1"
    gone = sdk.DeleteOptions(grace_period_seconds=0)
    await world.client.delete(kinds.PODS, sdk.Key("default", "low"), gone)
    await world.pod("thief", requests={"cpu": "1"})
    await clock.advance(30)
    await settle(300)
    assert (world.place("important"), world.place("thief")) == ("n1", "")


async def test_the_node_is_chosen_where_least_is_lost(world, clock):
    world.node("n1", cpu="2")
    world.node("n2", cpu="2")
    for name, node, priority in (("a", "n1", 3), ("b", "n1", 1), ("c", "n2", 2), ("d", "n2", 2)):
        await world.pod(name, nodeSelector={"kubernetes.io/hostname": node}, priority=priority, requests={"cpu": "1"})
    await world.pod("important", priority=5, requests={"cpu": "2"})
    assert names(world) == {"a", "b", "important"}


@pytest.mark.parametrize("spec", [{"priority": 5, "preemptionPolicy": "Never"}, {"priority": 0}])
async def test_nobody_goes_for_a_pod_that_may_not_or_is_no_more_important(world, spec):
    world.node(cpu="1")
    await world.pod("low", requests={"cpu": "1"})
    await world.pod("polite", requests={"cpu": "1"}, **spec)
    assert names(world) == {"low", "polite"}
    assert "preemption: " in world.told("polite")["message"]


async def test_nobody_goes_in_vain(world):
    world.node(cpu="1")
    await world.pod("low", requests={"cpu": "1"})
    await world.pod("huge", priority=5, requests={"cpu": "2"})
    assert names(world) == {"low", "huge"}
