"""Claims are bound to volumes, for good, and what is free is given back."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds

KEY = sdk.Key("default", "data")


@pytest.fixture
async def world(running):
    async with running("volumes", "ephemeral") as world:
        yield world


def add_class(world, name: str, provisioner: str = "kubernetes.io/no-provisioner", **more) -> None:
    world.api.add(kinds.STORAGECLASSES, {"metadata": {"name": name}, "provisioner": provisioner, **more})


def add_volume(world, name: str, size: str = "1Gi", labels=None, **spec) -> None:
    base = {"capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/srv"}}
    world.api.add(kinds.PERSISTENTVOLUMES, {"metadata": {"name": name, "labels": labels or {}}, "spec": base | spec})


async def claim(world, size: str = "1Gi", finalizers=(), **spec) -> None:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, "storageClassName": ""}
    wanted = {"metadata": {"name": "data", "finalizers": list(finalizers)}, "spec": base | spec}
    await world.client.create(kinds.PERSISTENTVOLUMECLAIMS, wanted, "default")
    await world.settle()


def phase(world) -> str:
    return world.one(kinds.PERSISTENTVOLUMECLAIMS, "data").get("status", {}).get("phase", "Pending")


def volume_phase(world, name: str) -> str:
    return world.one(kinds.PERSISTENTVOLUMES, name)["status"]["phase"]


def bound_to(world) -> str:
    return world.one(kinds.PERSISTENTVOLUMECLAIMS, "data")["spec"].get("volumeName", "")


async def test_a_claim_gets_the_smallest_volume_that_does(world):
    for name, size in (("large", "9Gi"), ("small", "1Gi"), ("right", "3Gi")):
        add_volume(world, name, size)
    await world.settle()
    await claim(world, "2Gi")
    assert (phase(world), bound_to(world)) == ("Bound", "right")
    assert world.one(kinds.PERSISTENTVOLUMECLAIMS, "data")["status"]["capacity"] == {"storage": "3Gi"}
    assert (volume_phase(world, "right"), volume_phase(world, "small")) == ("Bound", "Available")


@pytest.mark.parametrize(
    ("spec", "of_volume"),
    [
        ({"accessModes": ["ReadWriteMany"]}, {}),
        ({"storageClassName": "fast"}, {}),
        ({}, {"storageClassName": "fast"}),
        ({"volumeMode": "Block"}, {}),
        ({"selector": {"matchLabels": {"disk": "ssd"}}}, {}),
        ({}, {"claimRef": {"namespace": "default", "name": "other"}}),
    ],
)
async def test_a_volume_that_does_not_do_stays_free(world, spec, of_volume):
    add_volume(world, "disk", **of_volume)
    await world.settle()
    await claim(world, **spec)
    assert (phase(world), volume_phase(world, "disk")) == ("Pending", "Available")


async def test_a_claim_waits_for_a_volume_and_says_so(world):
    await claim(world)
    assert world.messages("FailedBinding") == [
        "no persistent volumes available for this claim and no storage class is set"
    ]
    add_volume(world, "disk")
    await world.settle()
    assert (phase(world), bound_to(world)) == ("Bound", "disk")


async def test_a_volume_that_is_kept_for_a_claim_is_its_own(world):
    add_volume(world, "kept", "5Gi", claimRef={"namespace": "default", "name": "data"})
    add_volume(world, "free")
    await world.settle()
    await claim(world)
    assert (bound_to(world), volume_phase(world, "kept")) == ("kept", "Bound")


async def test_a_claim_that_names_its_volume_gets_that_one(world):
    add_volume(world, "large", "5Gi")
    add_volume(world, "small")
    await world.settle()
    await claim(world, volumeName="large")
    assert (phase(world), bound_to(world)) == ("Bound", "large")


async def test_two_claims_never_share_a_volume(world):
    add_volume(world, "disk")
    await world.settle()
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""}
    for name in ("one", "two", "three"):
        await world.client.create(kinds.PERSISTENTVOLUMECLAIMS, {"metadata": {"name": name}, "spec": spec}, "default")
    await world.settle()
    every = world.api.everything(kinds.PERSISTENTVOLUMECLAIMS)
    assert sorted(one.get("status", {}).get("phase", "Pending") for one in every) == ["Bound", "Pending", "Pending"]


async def test_a_class_that_waits_is_bound_for_the_chosen_node(world):
    add_class(world, "standard", "podvisor.io/directory", volumeBindingMode="WaitForFirstConsumer")
    world.api.add(kinds.NODES, {"metadata": {"name": "n1", "labels": {"kubernetes.io/hostname": "h1"}}})
    await claim(world, storageClassName="standard")
    assert (phase(world), world.messages("WaitForFirstConsumer")) == (
        "Pending",
        ["waiting for first consumer to be created before binding"],
    )
    chosen = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "n1"}}}
    await world.client.patch(kinds.PERSISTENTVOLUMECLAIMS, KEY, chosen)
    await world.settle()
    assert phase(world) == "Bound"
    made = world.one(kinds.PERSISTENTVOLUMES, bound_to(world))
    terms = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == ["h1"]
    assert made["spec"]["csi"] == {"driver": "directory.podvisor.io", "volumeHandle": bound_to(world)}


async def provisioned(world, **spec) -> None:
    add_class(world, "now", "podvisor.io/directory", reclaimPolicy=spec.pop("policy", "Delete"))
    world.api.add(kinds.NODES, {"metadata": {"name": "n1"}})
    await claim(world, storageClassName="now", **spec)


async def test_a_deleted_claim_takes_its_made_volume_along(world):
    await provisioned(world)
    name = bound_to(world)
    await world.client.delete(kinds.PERSISTENTVOLUMECLAIMS, KEY)
    await world.settle()
    made = world.one(kinds.PERSISTENTVOLUMES, name)
    assert "deletionTimestamp" in made["metadata"]
    assert made["metadata"]["finalizers"] == ["podvisor.io/directory"], "until its node has removed the directory"


async def test_what_is_retained_is_released_and_bound_to_nobody_else(world):
    await provisioned(world, policy="Retain")
    name = bound_to(world)
    await world.client.delete(kinds.PERSISTENTVOLUMECLAIMS, KEY)
    await world.settle()
    assert volume_phase(world, name) == "Released"
    await claim(world, storageClassName="now")
    assert bound_to(world) not in ("", name)


async def test_a_claim_grows(world):
    await provisioned(world)
    more = {"spec": {"resources": {"requests": {"storage": "3Gi"}}}}
    await world.client.patch(kinds.PERSISTENTVOLUMECLAIMS, KEY, more)
    await world.settle()
    assert world.one(kinds.PERSISTENTVOLUMES, bound_to(world))["spec"]["capacity"] == {"storage": "3Gi"}
    assert world.one(kinds.PERSISTENTVOLUMECLAIMS, "data")["status"]["capacity"] == {"storage": "3Gi"}


async def test_a_claim_is_protected_while_a_pod_uses_it(world):
    add_volume(world, "disk")
    await world.settle()
    await claim(world, finalizers=["kubernetes.io/pvc-protection"])
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "n1", "containers": [], "volumes": volumes}}
    world.api.add(kinds.PODS, pod)
    await world.settle()
    await world.client.delete(kinds.PERSISTENTVOLUMECLAIMS, KEY)
    await world.settle()
    assert world.names(kinds.PERSISTENTVOLUMECLAIMS) == ["data"]
    await world.set_status(world.one(kinds.PODS, "p"), phase="Succeeded")
    await world.settle()
    assert world.names(kinds.PERSISTENTVOLUMECLAIMS) == []
    assert volume_phase(world, "disk") == "Released"


async def test_a_claim_whose_volume_is_gone_is_lost(world):
    add_volume(world, "disk")
    await world.settle()
    await claim(world)
    await world.client.delete(kinds.PERSISTENTVOLUMES, sdk.Key("", "disk"))
    await world.settle()
    assert phase(world) == "Lost"
    assert world.messages("ClaimLost") == ["Bound claim has lost its PersistentVolume. Data on the volume is lost!"]


async def test_claims_for_other_provisioners_are_told_to_them(world):
    add_class(world, "other", "disks.example.com")
    await claim(world, storageClassName="other")
    annotations = world.one(kinds.PERSISTENTVOLUMECLAIMS, "data")["metadata"]["annotations"]
    assert annotations["volume.kubernetes.io/storage-provisioner"] == "disks.example.com"
    assert "external provisioner 'disks.example.com'" in world.messages("ExternalProvisioning")[0]


async def test_ephemeral_volumes_get_claims_that_their_pod_owns(world):
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    volumes = [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]
    world.api.add(kinds.PODS, {"metadata": {"name": "p"}, "spec": {"containers": [], "volumes": volumes}})
    await world.settle()
    made = world.one(kinds.PERSISTENTVOLUMECLAIMS, "p-scratch")
    assert made["spec"] == template["spec"]
    assert (made["metadata"]["labels"], made["metadata"]["ownerReferences"][0]["name"]) == ({"a": "b"}, "p")
