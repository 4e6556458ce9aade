"""Nodes that fall silent, the taints they get, and the pods that must leave them."""

import math
from datetime import timedelta

import pytest

from podvisor import sdk
from podvisor.controllers import eviction
from podvisor.sdk import kinds
from podvisor.sdk.objects import core
from podvisor.sdk.objects.meta import micros, seconds
from podvisor.testing.clock import EPOCH

NODE = sdk.Key("", "n1")
LEASE = sdk.Key("kube-node-lease", "n1")


@pytest.fixture
async def world(running):
    async with running("node", "eviction", "podgc") as world:
        now = seconds(world.clock.now())
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now}
        world.api.add(kinds.NODES, {"metadata": {"name": "n1"}, "spec": {}, "status": {"conditions": [ready]}})
        lease = {"metadata": {"name": "n1"}, "spec": {"holderIdentity": "n1", "renewTime": micros(world.clock.now())}}
        await world.client.create(kinds.LEASES, lease, "kube-node-lease")
        tolerate = {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"}
        spec = {"nodeName": "n1", "tolerations": [tolerate | {"tolerationSeconds": 300}]}
        told = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        world.api.add(kinds.PODS, {"metadata": {"name": "p"}, "spec": spec, "status": told})
        await world.settle()
        yield world


async def beat(world) -> None:
    await world.client.patch(kinds.LEASES, LEASE, {"spec": {"renewTime": micros(world.clock.now())}})


def ready(world) -> tuple[str, str]:
    told = world.one(kinds.NODES, "n1")["status"]["conditions"]
    found = next(one for one in told if one["type"] == "Ready")
    return found["status"], found["reason"]


def taints(world) -> list[tuple[str, str]]:
    return [(one["key"], one["effect"]) for one in world.one(kinds.NODES, "n1")["spec"].get("taints", [])]


UNREACHABLE = [
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoSchedule"),
]


async def test_a_node_that_renews_its_lease_stays_ready(world):
    for _ in range(30):
        await world.clock.advance(10)
        await beat(world)
    assert ready(world) == ("True", "KubeletReady")
    assert taints(world) == []


async def test_a_silent_node_becomes_unknown_and_unreachable(world):
    await world.clock.advance(49)
    assert ready(world)[0] == "True"
    await world.clock.advance(2)
    assert ready(world) == ("Unknown", "NodeStatusUnknown")
    assert taints(world) == UNREACHABLE
    assert world.messages("NodeNotReady")[0] == "Node n1 status is now: NodeNotReady"
    pod = world.one(kinds.PODS, "p")
    assert pod["status"]["conditions"][0]["status"] == "False"


async def test_its_pods_are_evicted_when_their_patience_ends(world):
    await world.clock.advance(340)
    assert "deletionTimestamp" not in world.one(kinds.PODS, "p")["metadata"]
    await world.clock.advance(15)
    pod = world.one(kinds.PODS, "p")
    assert pod["metadata"]["deletionTimestamp"]
    assert pod["status"]["conditions"][-1]["reason"] == "DeletionByTaintManager"
    assert world.messages("TaintManagerEviction") == ["Marking for deletion Pod default/p"]


async def test_a_node_that_comes_back_loses_its_taints_and_keeps_its_pods(world):
    await world.clock.advance(60)
    assert taints(world) == UNREACHABLE
    now = seconds(world.clock.now())
    told = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now}]
    await world.client.patch(kinds.NODES, NODE, {"status": {"conditions": told}}, sdk.STATUS)
    for _ in range(40):
        await beat(world)
        await world.clock.advance(10)
    assert taints(world) == []
    assert "deletionTimestamp" not in world.one(kinds.PODS, "p")["metadata"]


async def test_a_cordoned_node_is_tainted_and_foreign_taints_stay(world):
    spec = {"unschedulable": True, "taints": [{"key": "team", "value": "a", "effect": "NoSchedule"}]}
    await world.client.patch(kinds.NODES, NODE, {"spec": spec})
    await world.settle()
    assert taints(world) == [("team", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule")]
    await world.client.patch(kinds.NODES, NODE, {"spec": {"unschedulable": None}})
    await world.settle()
    assert taints(world) == [("team", "NoSchedule")]


async def test_a_node_that_has_not_reported_yet_takes_no_pods(world):
    await world.client.create(kinds.NODES, {"metadata": {"name": "n2"}})
    await world.settle()
    spec = world.one(kinds.NODES, "n2")["spec"]
    assert [(one["key"], one["effect"]) for one in spec["taints"]] == [("node.kubernetes.io/not-ready", "NoSchedule")]


async def test_pods_of_a_node_that_is_gone_are_removed_after_a_while(world):
    await world.client.delete(kinds.NODES, NODE)
    await world.clock.advance(39)
    assert world.names(kinds.PODS) == ["p"]
    await world.clock.advance(2)
    assert world.names(kinds.PODS) == []


NO_EXECUTE = core.Taint(key="k", effect="NoExecute", time_added=EPOCH)


@pytest.mark.parametrize(
    ("tolerations", "left"),
    [
        ([], 0),
        ([core.Toleration(operator="Exists")], math.inf),
        ([core.Toleration(key="k", operator="Exists", toleration_seconds=60)], 50),
        ([core.Toleration(key="k", value="other", toleration_seconds=60)], 0),
    ],
)
def test_patience(tolerations, left):
    pod = core.Pod(spec=core.PodSpec(tolerations=tolerations))
    assert eviction.seconds_left(pod, [NO_EXECUTE], EPOCH, EPOCH + timedelta(seconds=10)) == left
