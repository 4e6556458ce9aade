"""Garbage collection: background, foreground, orphans, and owners that never were."""

import pytest

from podvisor import sdk
from podvisor.controllers import graph
from podvisor.sdk import DeleteOptions, kinds
from podvisor.sdk.objects import OwnerReference


@pytest.fixture
async def world(running):
    async with running("garbage") as world:
        yield world


async def make(world, name: str, *owners, blocking: bool = True, **meta):
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": one.metadata.name, "uid": one.metadata.uid}
        | ({"blockOwnerDeletion": True} if blocking else {})
        for one in owners
    ]
    thing = {"metadata": {"name": name, "ownerReferences": references, **meta}}
    return await world.client.create(kinds.CONFIGMAPS, thing, "default")


async def delete(world, name: str, policy: str = "") -> None:
    await world.client.delete(kinds.CONFIGMAPS, sdk.Key("default", name), DeleteOptions(propagation_policy=policy))
    await world.settle()


async def test_dependents_go_after_their_owner_all_the_way_down(world):
    owner = await make(world, "owner")
    child = await make(world, "child", owner)
    await make(world, "grandchild", child)
    await make(world, "unrelated")
    await world.settle()
    await delete(world, "owner")
    assert world.names(kinds.CONFIGMAPS) == ["unrelated"]


async def test_in_the_foreground_the_owner_waits_for_its_dependents(world):
    owner = await make(world, "owner")
    await make(world, "child", owner, finalizers=["example.com/hold"])
    await world.settle()
    await delete(world, "owner", "Foreground")
    assert world.one(kinds.CONFIGMAPS, "owner")["metadata"]["deletionTimestamp"]
    assert world.one(kinds.CONFIGMAPS, "child")["metadata"]["deletionTimestamp"]
    await world.client.patch(kinds.CONFIGMAPS, sdk.Key("default", "child"), {"metadata": {"finalizers": None}})
    await world.settle()
    assert world.names(kinds.CONFIGMAPS) == []


async def test_a_dependent_that_does_not_block_holds_nothing_up(world):
    owner = await make(world, "owner")
    await make(world, "child", owner, blocking=False, finalizers=["example.com/hold"])
    await world.settle()
    await delete(world, "owner", "Foreground")
    assert world.names(kinds.CONFIGMAPS) == ["child"]


async def test_orphans_live_on_without_their_owner(world):
    owner = await make(world, "owner")
    await make(world, "child", owner)
    await world.settle()
    await delete(world, "owner", "Orphan")
    assert world.names(kinds.CONFIGMAPS) == ["child"]
    assert world.one(kinds.CONFIGMAPS, "child")["metadata"]["ownerReferences"] == []


async def test_one_owner_of_two_is_enough_to_live(world):
    first, second = await make(world, "first"), await make(world, "second")
    await make(world, "child", first, second)
    await world.settle()
    await delete(world, "first")
    child = world.one(kinds.CONFIGMAPS, "child")
    assert [owner["name"] for owner in child["metadata"]["ownerReferences"]] == ["second"]
    await delete(world, "second")
    assert world.names(kinds.CONFIGMAPS) == []


async def test_owners_that_never_were_take_their_dependents_with_them(world):
    ghost = await make(world, "ghost")
    await world.client.delete(kinds.CONFIGMAPS, sdk.Key("default", "ghost"))
    await make(world, "ghost")
    await make(world, "child", ghost)
    await world.settle()
    assert world.names(kinds.CONFIGMAPS) == ["ghost"]


@pytest.mark.parametrize(
    "wrong", [{"name": "other"}, {"kind": "Secret"}, {"apiVersion": "apps/v1", "kind": "Deployment"}], ids=str
)
async def test_an_owner_of_another_name_or_kind_is_none(world, wrong):
    owner = await make(world, "owner")
    right = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid}
    for name, reference in (("right", right), ("wrong", right | wrong)):
        thing = {"metadata": {"name": name, "ownerReferences": [reference]}}
        await world.client.create(kinds.CONFIGMAPS, thing, "default")
    await world.settle()
    assert world.names(kinds.CONFIGMAPS) == ["owner", "right"]


async def test_an_owner_in_another_namespace_is_none_and_an_event_says_so(world):
    owner = await make(world, "owner")
    await world.client.create(kinds.NAMESPACES, {"metadata": {"name": "other"}})
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.metadata.uid}
    thing = {"metadata": {"name": "child", "ownerReferences": [reference]}}
    await world.client.create(kinds.CONFIGMAPS, thing, "other")
    await world.settle()
    assert world.names(kinds.CONFIGMAPS) == ["owner"]
    named = f"[v1/ConfigMap, namespace: other, name: owner, uid: {owner.metadata.uid}]"
    assert world.messages("OwnerRefInvalidNamespace") == [f'ownerRef {named} does not exist in namespace "other"']


async def test_a_circle_of_owners_still_goes(world):
    first = await make(world, "first")
    second = await make(world, "second", first)
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "second",
        "uid": second.metadata.uid,
        "blockOwnerDeletion": True,
    }
    patch = {"metadata": {"ownerReferences": [reference]}}
    await world.client.patch(kinds.CONFIGMAPS, sdk.Key("default", "first"), patch)
    await world.settle()
    await delete(world, "first", "Foreground")
    assert world.names(kinds.CONFIGMAPS) == []


async def test_an_owner_of_a_kind_that_is_not_served_keeps_its_dependents(world):
    reference = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "w"}
    thing = {"metadata": {"name": "child", "ownerReferences": [reference]}}
    await world.client.create(kinds.CONFIGMAPS, thing, "default")
    await world.clock.advance(600)
    assert world.names(kinds.CONFIGMAPS) == ["child"]


def node(uid: str, *owners: str, finalizers: tuple[str, ...] = (), deleting: bool = False) -> graph.Node:
    references = tuple(
        OwnerReference(api_version="v1", kind="ConfigMap", name=one, uid=one, block_owner_deletion=True)
        for one in owners
    )
    return graph.Node(uid, kinds.CONFIGMAPS, sdk.Key("default", uid), references, deleting, finalizers)


@pytest.mark.parametrize(
    ("thing", "absent", "waiting", "dependents", "verdict"),
    [
        (node("a"), [], [], [], graph.Verdict()),
        (node("a", "o"), [], [], [], graph.Verdict()),
        (node("a", "o"), ["o"], [], [], graph.Verdict(delete="Background")),
        (node("a", "o", finalizers=("orphan",)), ["o"], [], [], graph.Verdict(delete="Orphan")),
        (node("a", "o", "p"), ["o"], [], [], graph.Verdict(drop=frozenset({"o"}))),
        (node("a", "o"), [], ["o"], [], graph.Verdict(delete="Background")),
        (node("a", "o"), [], ["o"], [node("b", "a")], graph.Verdict(delete="Foreground")),
    ],
)
def test_verdicts(thing, absent, waiting, dependents, verdict):
    assert graph.judge(thing, absent, waiting, dependents) == verdict
