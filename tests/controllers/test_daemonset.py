"""DaemonSets keep a pod on every node that it fits."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds

from .conftest import template

KEY = sdk.Key("default", "log")


def daemonset(**spec) -> dict:
    labels = {"app": "log"}
    base = {
        "selector": {"matchLabels": labels},
        "template": template(**labels),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    }
    return {"metadata": {"name": "log"}, "spec": base | spec}


def add_node(world, name: str, *taints: dict, **labels: str) -> None:
    world.api.add(kinds.NODES, {"metadata": {"name": name, "labels": labels}, "spec": {"taints": list(taints)}})


def taint(key: str, effect: str) -> dict:
    return {"key": key, "effect": effect}


@pytest.fixture
async def world(running):
    async with running("daemonset") as world:
        for number in range(3):
            add_node(world, f"node-{number}")
        yield world


async def create(world, **spec) -> None:
    await world.client.create(kinds.DAEMONSETS, daemonset(**spec), "default")
    await world.settle()


async def change_image(world, image: str) -> None:
    await world.client.patch(kinds.DAEMONSETS, KEY, {"spec": {"template": template(image, app="log")}})
    await world.settle()


def target(pod: dict) -> str:
    required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return required["nodeSelectorTerms"][0]["matchFields"][0]["values"][0]


def images(world) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pod in world.pods():
        found.setdefault(target(pod), []).append(pod["spec"]["containers"][0]["image"])
    return found


def status(world) -> dict:
    return world.one(kinds.DAEMONSETS, "log")["status"]


async def test_every_node_gets_one_pod(world):
    await create(world)
    assert sorted(map(target, world.pods())) == ["node-0", "node-1", "node-2"]
    add_node(world, "node-3")
    await world.settle()
    assert sorted(map(target, world.pods())) == ["node-0", "node-1", "node-2", "node-3"]
    await world.make_ready()
    told = status(world)
    assert (told["desiredNumberScheduled"], told["currentNumberScheduled"], told["numberReady"]) == (4, 4, 4)
    assert (told["updatedNumberScheduled"], told["numberAvailable"]) == (4, 4)
    assert "numberUnavailable" not in told


async def test_nodes_are_chosen_by_their_labels(world):
    add_node(world, "fast", disk="ssd")
    pods = template(app="log")
    pods["spec"]["nodeSelector"] = {"disk": "ssd"}
    await create(world, template=pods)
    assert list(map(target, world.pods())) == ["fast"]
    await world.client.patch(kinds.NODES, sdk.Key("", "node-1"), {"metadata": {"labels": {"disk": "ssd"}}})
    await world.settle()
    assert sorted(map(target, world.pods())) == ["fast", "node-1"]
    await world.client.patch(kinds.NODES, sdk.Key("", "fast"), {"metadata": {"labels": {"disk": "hdd"}}})
    await world.settle()
    assert list(map(target, world.pods())) == ["node-1"]


async def test_tainted_nodes_are_left_out_but_not_those_in_trouble(world):
    add_node(world, "tainted", taint("mine", "NoSchedule"))
    add_node(world, "not-ready", taint("node.kubernetes.io/not-ready", "NoExecute"))
    add_node(world, "cordoned", taint("node.kubernetes.io/unschedulable", "NoSchedule"))
    await create(world)
    assert sorted(map(target, world.pods())) == ["cordoned", "node-0", "node-1", "node-2", "not-ready"]
    borne = {one["key"] for one in world.pods()[0]["spec"]["tolerations"]}
    assert {"node.kubernetes.io/not-ready", "node.kubernetes.io/disk-pressure"} <= borne


async def test_a_taint_lets_those_stay_who_are_there_unless_it_evicts(world):
    await create(world)
    await world.client.patch(kinds.NODES, sdk.Key("", "node-0"), {"spec": {"taints": [taint("mine", "NoSchedule")]}})
    await world.client.patch(kinds.NODES, sdk.Key("", "node-1"), {"spec": {"taints": [taint("mine", "NoExecute")]}})
    await world.settle()
    assert sorted(map(target, world.pods())) == ["node-0", "node-2"]
    assert status(world)["numberMisscheduled"] == 1


async def test_the_pod_of_a_node_that_is_gone_goes(world):
    await create(world)
    await world.client.delete(kinds.NODES, sdk.Key("", "node-1"))
    await world.settle()
    assert sorted(map(target, world.pods())) == ["node-0", "node-2"]


async def test_a_failed_pod_is_replaced_ever_more_slowly(world, clock):
    await create(world)

    async def fail() -> bool:
        pod = next(pod for pod in world.pods() if target(pod) == "node-0")
        await world.end(pod, phase="Failed")
        names = world.names(kinds.PODS)
        return pod["metadata"]["name"] not in names

    assert [await fail() for _ in range(4)] == [True, True, False, False]
    await clock.advance(8)
    await world.settle()
    assert len(world.pods()) == 3
    assert all(pod["status"].get("phase") != "Failed" for pod in world.pods())
    assert any("Found failed daemon pod" in message for message in world.messages("FailedDaemonPod"))


async def test_an_update_takes_one_node_at_a_time(world):
    await create(world)
    await world.make_ready()
    await change_image(world, "web:2")
    assert sorted(image for here in images(world).values() for image in here) == ["web:1", "web:1", "web:2"]
    for _ in range(6):
        await world.make_ready()
    assert {image for here in images(world).values() for image in here} == {"web:2"}
    assert status(world)["updatedNumberScheduled"] == 3


async def test_pods_that_serve_nobody_are_replaced_at_once(world):
    await create(world)
    await change_image(world, "web:2")
    assert {image for here in images(world).values() for image in here} == {"web:2"}


async def test_a_surge_starts_the_new_pod_before_the_old_one_goes(world):
    await create(world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})
    await world.make_ready()
    await change_image(world, "web:2")
    assert sorted(map(sorted, images(world).values())) == [["web:1"], ["web:1"], ["web:1", "web:2"]]
    for _ in range(6):
        await world.make_ready()
    assert list(images(world).values()) == [["web:2"]] * 3


async def test_pods_of_on_delete_wait_to_be_deleted(world):
    await create(world, updateStrategy={"type": "OnDelete"})
    await world.make_ready()
    await change_image(world, "web:2")
    assert {image for here in images(world).values() for image in here} == {"web:1"}


async def test_its_pods_follow_a_revision(world):
    await create(world)
    revision = world.api.everything(kinds.CONTROLLERREVISIONS)[0]
    hashes = {pod["metadata"]["labels"]["controller-revision-hash"] for pod in world.pods()}
    assert hashes == {revision["metadata"]["labels"]["controller.kubernetes.io/hash"]}
    assert revision["metadata"]["name"] == f"log-{hashes.pop()}"
