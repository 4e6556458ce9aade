"""Pods go where their claims are, or can be, and have them bound there."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds
from podvisor.testing.clock import settle

KEY = sdk.Key("default", "data")
WITH_CLAIM = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]


@pytest.fixture
async def world(running):
    async with running() as world:
        yield world


def claim(world, phase: str = "Bound", name: str = "data", **spec) -> None:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}} | spec
    world.api.add(kinds.PERSISTENTVOLUMECLAIMS, {"metadata": {"name": name}, "spec": base, "status": {"phase": phase}})


def volume(world, node: str = "", **spec) -> None:
    base = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"}} | spec
    if node:
        expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
        base["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}
    thing = {"metadata": {"name": "disk"}, "spec": base, "status": {"phase": "Available"}}
    world.api.add(kinds.PERSISTENTVOLUMES, thing)


def add_class(world, provisioner: str) -> None:
    waits = {"volumeBindingMode": "WaitForFirstConsumer"}
    world.api.add(kinds.STORAGECLASSES, {"metadata": {"name": "late"}, "provisioner": provisioner, **waits})


async def test_a_pod_goes_where_its_volume_is(world):
    world.node("n1")
    world.node("n2")
    volume(world, "n2")
    claim(world, volumeName="disk")
    await world.pod(volumes=WITH_CLAIM)
    assert world.place() == "n2"


async def test_a_volume_that_no_node_reaches_is_said(world):
    world.node("n1")
    volume(world, "gone")
    claim(world, volumeName="disk")
    await world.pod(volumes=WITH_CLAIM)
    assert "1 node(s) had volume node affinity conflict" in world.told()["message"]


@pytest.mark.parametrize(
    ("given", "why"),
    [(False, 'persistentvolumeclaim "data" not found'), (True, "pod has unbound immediate PersistentVolumeClaims")],
)
async def test_a_claim_that_is_not_there_or_not_bound_is_waited_for(world, given, why):
    world.node("n1")
    if given:
        claim(world, "Pending", storageClassName="")
    await world.pod(volumes=WITH_CLAIM)
    assert why in world.told()["message"]
    volume(world)
    claim(world, volumeName="disk")
    await world.clock.advance(15)
    await settle(300)
    assert world.place() == "n1"


async def test_a_claim_that_waits_is_bound_for_the_chosen_node_first(world):
    world.node("n1")
    add_class(world, "podvisor.io/directory")
    claim(world, "Pending", storageClassName="late")
    await world.pod(volumes=WITH_CLAIM)
    waiting = world.api.store.get("persistentvolumeclaims", KEY)
    assert waiting["metadata"]["annotations"] == {"volume.kubernetes.io/selected-node": "n1"}
    assert world.place() == ""
    await world.client.patch(kinds.PERSISTENTVOLUMECLAIMS, KEY, {"status": {"phase": "Bound"}}, sdk.STATUS)
    await settle(300)
    assert world.place() == "n1"


async def test_volumes_that_are_made_by_hand_choose_the_node(world):
    world.node("n1")
    world.node("n2")
    add_class(world, "kubernetes.io/no-provisioner")
    volume(world, "n2", storageClassName="late")
    claim(world, "Pending", storageClassName="late")
    await world.pod(volumes=WITH_CLAIM)
    waiting = world.api.store.get("persistentvolumeclaims", KEY)
    assert waiting["metadata"]["annotations"] == {"volume.kubernetes.io/selected-node": "n2"}


async def test_a_claim_for_one_pod_is_for_one_pod(world):
    world.node("n1")
    volume(world, accessModes=["ReadWriteOncePod"])
    claim(world, volumeName="disk", accessModes=["ReadWriteOncePod"])
    await world.pod("first", volumes=WITH_CLAIM)
    await world.pod("second", volumes=WITH_CLAIM)
    assert (world.place("first"), world.place("second")) == ("n1", "")
    assert "with the same name and ReadWriteOncePod access mode" in world.told("second")["message"]
