"""ReplicaSets keep their number of pods."""

from datetime import timedelta
from http import HTTPStatus

import pytest

from podvisor import sdk
from podvisor.controllers import pods, replicaset
from podvisor.sdk import kinds
from podvisor.sdk.objects import apps, core
from podvisor.sdk.objects.meta import Condition, ObjectMeta
from podvisor.testing.clock import EPOCH
from podvisor.testing.memory.status import Refused

from .conftest import replicaset as wanted

KEY = sdk.Key("default", "web")


@pytest.fixture
async def world(running):
    async with running("replicaset") as world:
        yield world


async def test_missing_pods_are_created_from_the_template_and_owned(world):
    created = await world.client.create(kinds.REPLICASETS, wanted(replicas=3), "default")
    await world.settle()
    pod, *others = world.pods()
    assert len(others) == 2
    assert pod["metadata"]["labels"] == {"app": "web"}
    assert pod["metadata"]["generateName"] == "web-"
    owner = pod["metadata"]["ownerReferences"][0]
    assert (owner["uid"], owner["controller"], owner["blockOwnerDeletion"]) == (created.metadata.uid, True, True)
    assert world.one(kinds.REPLICASETS, "web")["status"]["replicas"] == 3
    assert sorted(world.messages("SuccessfulCreate")) == sorted(
        f"Created pod: {name}" for name in world.names(kinds.PODS)
    )


async def test_a_pod_that_goes_or_ends_is_replaced(world):
    await world.client.create(kinds.REPLICASETS, wanted(replicas=2), "default")
    await world.settle()
    gone, failed = world.pods()
    await world.client.delete(kinds.PODS, sdk.Key("default", gone["metadata"]["name"]))
    await world.end(failed, phase="Failed")
    names = world.names(kinds.PODS)
    assert len(names) == 3
    assert failed["metadata"]["name"] in names


async def test_surplus_pods_are_deleted(world):
    await world.client.create(kinds.REPLICASETS, wanted(replicas=3), "default")
    await world.settle()
    ready = world.pods()[0]
    await world.make_ready(ready)
    await world.client.patch(kinds.REPLICASETS, KEY, {"spec": {"replicas": 1}})
    await world.settle()
    assert world.names(kinds.PODS) == [ready["metadata"]["name"]]
    assert len(world.messages("SuccessfulDelete")) == 2


async def test_status_counts_ready_and_available_pods(world, clock):
    thing = wanted(replicas=2)
    thing["spec"]["minReadySeconds"] = 10
    await world.client.create(kinds.REPLICASETS, thing, "default")
    await world.settle()
    await world.make_ready()

    def counts() -> tuple[int, int]:
        status = world.one(kinds.REPLICASETS, "web")["status"]
        return status["readyReplicas"], status.get("availableReplicas", 0)

    assert counts() == (2, 0)
    await clock.advance(10)
    assert counts() == (2, 2)
    assert world.one(kinds.REPLICASETS, "web")["status"]["observedGeneration"] == 1


async def test_matching_orphans_are_adopted_and_strangers_released(world):
    world.api.add(kinds.PODS, {"metadata": {"name": "orphan", "labels": {"app": "web"}}})
    created = await world.client.create(kinds.REPLICASETS, wanted(replicas=1), "default")
    await world.settle()
    assert world.names(kinds.PODS) == ["orphan"]
    assert world.one(kinds.PODS, "orphan")["metadata"]["ownerReferences"][0]["uid"] == created.metadata.uid
    relabel = {"metadata": {"labels": {"app": "other"}}}
    await world.client.patch(kinds.PODS, sdk.Key("default", "orphan"), relabel)
    await world.settle()
    assert world.one(kinds.PODS, "orphan")["metadata"]["ownerReferences"] == []
    assert len(world.pods()) == 2


async def test_a_refused_create_is_reported_and_tried_again(world):
    asked = []

    def refuse(request) -> None:
        if request.method == "POST" and request.path.endswith("/pods"):
            asked.append(request)
            raise Refused(HTTPStatus.FORBIDDEN, "Forbidden", "exceeded quota")

    world.api.intercept = refuse
    await world.client.create(kinds.REPLICASETS, wanted(replicas=20), "default")
    await world.clock.advance(0)
    assert len(asked) <= 2
    await world.settle()
    condition = world.one(kinds.REPLICASETS, "web")["status"]["conditions"][0]
    assert (condition["type"], condition["reason"], condition["message"]) == (
        "ReplicaFailure",
        "FailedCreate",
        "exceeded quota",
    )
    world.api.intercept = lambda request: None
    await world.clock.advance(5)
    assert len(world.pods()) == 20
    assert "conditions" not in world.one(kinds.REPLICASETS, "web")["status"]


async def test_a_slow_watch_does_not_make_it_create_twice(world):
    """The loop must not act on a cache that does not show its own creations yet."""
    held = world.api.store.changes

    async def late(resource: str, since: int):
        async for change in held(resource, since):
            if resource == "pods":
                await world.clock.sleep(2)
            yield change

    world.api.store.changes = late
    world.api.store.interrupt()
    await world.settle()
    await world.client.create(kinds.REPLICASETS, wanted(replicas=3), "default")
    await world.settle()
    await world.client.patch(kinds.REPLICASETS, KEY, {"metadata": {"labels": {"touched": "yes"}}})
    await world.settle()
    assert len(world.pods()) == 3
    await world.clock.advance(10)
    assert len(world.pods()) == 3


def test_the_most_dispensable_pods_go_first():
    def pod(name: str, *, phase: str = "Running", node: str = "n", ready: bool = True, age: int = 0, cost: int = 0):
        since = EPOCH - timedelta(seconds=age)
        told = [Condition(type="Ready", status="True", last_transition_time=since)] if ready else []
        annotations = {pods.DELETION_COST: str(cost)} if cost else {}
        return core.Pod(
            metadata=ObjectMeta(name=name, creation_timestamp=since, annotations=annotations),
            spec=core.PodSpec(node_name=node),
            status=core.PodStatus(phase=phase, conditions=told),
        )

    ordered = [
        pod("unassigned", node="", phase="Pending", ready=False),
        pod("pending", phase="Pending", ready=False),
        pod("not-ready", ready=False),
        pod("cheap", cost=-1, age=9),
        pod("young", age=1),
        pod("old", age=100),
        pod("alone-on-its-node", node="other"),
        pod("dear", cost=5),
    ]
    shuffled = ordered[::-2] + ordered[::2]
    ranked = pods.rank_for_deletion(shuffled, ordered, EPOCH)
    assert [one.metadata.name for one in ranked] == [one.metadata.name for one in ordered]


def test_a_plan_counts_active_pods_only():
    wanted = apps.ReplicaSet(spec=apps.ReplicaSetSpec(replicas=2))
    ended = core.Pod(status=core.PodStatus(phase="Succeeded"))
    going = core.Pod(metadata=ObjectMeta(deletion_timestamp=EPOCH))
    running = core.Pod(status=core.PodStatus(phase="Running"))
    assert replicaset.plan(wanted, [ended, going, running], [], EPOCH) == replicaset.Plan(create=1)
