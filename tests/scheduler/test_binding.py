"""From a pending pod to a bound one, and what is said when that cannot be."""

import asyncio
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest

from podvisor import sdk
from podvisor.sdk import errors, kinds
from podvisor.testing.clock import settle
from podvisor.testing.memory.status import Refused


@pytest.fixture
async def world(running):
    async with running() as world:
        yield world


KEY = sdk.Key("default", "p")


async def test_a_pod_is_bound_and_told_so(world):
    world.node()
    await world.pod()
    assert world.place() == "n1"
    assert world.told()["status"] == "True"
    (event,) = world.events("Scheduled")
    assert event["message"] == "Successfully assigned default/p to n1"
    assert event["source"] == {"component": "default-scheduler"}


async def test_pods_that_were_there_before_the_scheduler_are_bound(world, running, clock):
    world.node()
    world.api.add(kinds.PODS, {"metadata": {"name": "early"}, "spec": {}, "status": {"phase": "Pending"}})
    await settle(300)
    assert world.place("early") == "n1"


async def test_pods_of_other_schedulers_and_gated_ones_are_left_alone(world):
    world.node()
    await world.pod("other", schedulerName="mine")
    await world.pod("gated", schedulingGates=[{"name": "example.com/wait"}])
    assert (world.place("other"), world.place("gated")) == ("", "")
    await world.client.patch(kinds.PODS, sdk.Key("default", "gated"), {"spec": {"schedulingGates": None}})
    await settle(300)
    assert world.place("gated") == "n1"


async def test_without_nodes_a_pod_waits_and_says_why(world):
    await world.pod()
    assert (world.told()["status"], world.told()["reason"]) == ("False", "Unschedulable")
    assert world.told()["message"] == "no nodes available to schedule pods"


async def test_pod_stays_pending_when_no_node_fits(world):
    world.node(cpu="1")
    await world.pod(requests={"cpu": "2"})
    message = (
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: "
        "1 Preemption is not helpful for scheduling."
    )
    assert world.told()["message"] == message
    (event,) = world.events("FailedScheduling")
    assert (event["message"], event["type"]) == (message, "Warning")


async def test_the_reasons_of_all_nodes_are_counted(world):
    world.node("n1", cpu="1", memory="1Gi")
    world.node("n2", taints=[{"key": "team", "value": "a", "effect": "NoSchedule"}])
    world.node("n3", unschedulable=True)
    world.node("n4", pods="0")
    await world.pod(requests={"cpu": "2", "memory": "2Gi"})
    assert world.told()["message"].startswith(
        "0/4 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods, "
        "1 node(s) had untolerated taint {team: a}, 1 node(s) were unschedulable. preemption: "
    )


async def test_a_pod_that_ends_makes_room_for_the_next(world, clock):
    world.node(cpu="1")
    await world.pod("first", requests={"cpu": "1"})
    await world.pod("second", requests={"cpu": "1"})
    assert world.place("second") == ""
    await world.client.patch(kinds.PODS, sdk.Key("default", "first"), {"status": {"phase": "Succeeded"}}, sdk.STATUS)
    await clock.advance(1)
    await settle(300)
    assert world.place("second") == "n1"


async def test_a_new_node_wakes_waiting_pods_after_their_backoff(world, clock):
    await world.pod()
    world.node()
    await settle(300)
    assert world.place() == ""
    await clock.advance(1)
    await settle(300)
    assert world.place() == "n1"


async def test_a_node_that_is_uncordoned_is_used(world, clock):
    world.node(unschedulable=True)
    await world.pod()
    await clock.advance(5)
    await world.client.patch(kinds.NODES, sdk.Key("", "n1"), {"spec": {"unschedulable": None}})
    await settle(300)
    assert world.place() == "n1"


async def test_nothing_is_tried_again_while_nothing_changes_but_after_five_minutes(world, clock):
    await world.pod()
    writes = []
    world.api.intercept = lambda request: writes.append(request.path) if request.method != "GET" else None
    await clock.advance(299)
    assert writes == []
    await clock.advance(2)
    assert any("/events" in path for path in writes)
    assert not any(path.endswith("/status") for path in writes)


async def test_a_refused_binding_gives_the_room_back_and_is_tried_again(world, clock):
    world.node(pods="1")

    def refuse(request) -> None:
        if request.path.endswith("/binding"):
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", "not now")

    world.api.intercept = refuse
    await world.pod()
    assert world.place() == ""
    world.api.intercept = lambda request: None
    await clock.advance(2)
    await settle(300)
    assert world.place() == "n1"


async def test_a_lost_answer_to_a_binding_does_not_give_the_room_away(world, clock):
    world.node(cpu="1")

    def lose(request) -> None:
        if request.path.endswith("/binding"):
            raise errors.Unreachable("the answer was lost")

    world.api.deliver = lose
    await world.pod("first", requests={"cpu": "1"})
    world.api.deliver = lambda request: None
    await world.pod("second", requests={"cpu": "1"})
    await clock.advance(30)
    await settle(300)
    assert (world.place("first"), world.place("second")) == ("n1", "")


async def test_a_pod_that_cannot_be_understood_holds_nobody_up(world, clock, caplog):
    world.node()
    await world.pod("odd", requests={"cpu": "banana"})
    await world.pod("even")
    assert (world.place("odd"), world.place("even")) == ("", "n1")
    assert "deciding on default/odd" in caplog.text


async def test_a_deleted_pod_is_forgotten(world, clock):
    await world.pod()
    await world.client.delete(kinds.PODS, KEY)
    world.node()
    bindings = []
    world.api.intercept = lambda request: bindings.append(request) if "/binding" in request.path else None
    await clock.advance(600)
    assert bindings == []


async def test_important_pods_go_first(world, clock):
    await world.pod("low", priority=1, requests={"cpu": "1"})
    await world.pod("high", priority=100, requests={"cpu": "1"})
    await clock.advance(20)
    world.node(cpu="1")
    await settle(300)
    assert (world.place("high"), world.place("low")) == ("n1", "")


async def test_pods_bound_by_others_take_their_place(world):
    world.node(cpu="1")
    container = {"name": "main", "resources": {"requests": {"cpu": "1"}}}
    spec = {"nodeName": "n1", "containers": [container]}
    world.api.add(kinds.PODS, {"metadata": {"name": "static"}, "spec": spec, "status": {"phase": "Running"}})
    await settle(300)
    await world.pod(requests={"cpu": "500m"})
    assert world.place() == ""


async def test_pods_that_fit_nowhere_hold_up_none_that_fits(world, monkeypatch):
    """Saying why takes as long as the server takes; the next decision does not wait for it."""
    answers = asyncio.Event()
    real = world.api.open

    @asynccontextmanager
    async def slow(request):
        if request.method == "PATCH":
            await answers.wait()
        async with real(request) as reply:
            yield reply

    monkeypatch.setattr(world.api, "open", slow)
    world.node(cpu="1")
    for number in range(100):
        await world.pod(f"large-{number}", requests={"cpu": "2"})
    await world.pod("small")
    await settle(300)
    assert world.place("small") == "n1"
    answers.set()
    await settle(300)
    assert world.told("large-99")["reason"] == "Unschedulable"
