"""Namespaces are emptied before they go, and furnished when they come."""

import pytest

from podvisor import controllers, sdk
from podvisor.sdk import kinds

KEY = sdk.Key("", "team")


@pytest.fixture
async def world(running):
    settings = controllers.Settings(root_authority="-----BEGIN CERTIFICATE-----")
    async with running("namespace", "serviceaccount", "rootca", "podgc", settings=settings) as world:
        await world.client.create(kinds.NAMESPACES, {"metadata": {"name": "team"}})
        await world.settle()
        yield world


def place(name: str = "thing", **meta) -> dict:
    return {"metadata": {"name": name, **meta}}


async def test_a_namespace_gets_its_service_account_and_the_root_authority(world):
    assert world.one(kinds.SERVICEACCOUNTS, "default", "team")
    published = world.one(kinds.CONFIGMAPS, "kube-root-ca.crt", "team")
    assert published["data"] == {"ca.crt": "-----BEGIN CERTIFICATE-----"}


async def test_what_is_deleted_or_spoiled_of_it_comes_back(world):
    await world.client.delete(kinds.SERVICEACCOUNTS, sdk.Key("team", "default"))
    spoiled = {"data": {"ca.crt": "other", "more": "x"}}
    await world.client.patch(kinds.CONFIGMAPS, sdk.Key("team", "kube-root-ca.crt"), spoiled)
    await world.settle()
    assert world.one(kinds.SERVICEACCOUNTS, "default", "team")
    published = world.one(kinds.CONFIGMAPS, "kube-root-ca.crt", "team")
    assert published["data"] == {"ca.crt": "-----BEGIN CERTIFICATE-----"}


async def test_a_deleted_namespace_goes_with_everything_in_it(world):
    await world.client.create(kinds.SECRETS, place(), "team")
    await world.client.create(kinds.DEPLOYMENTS, {**place(), "spec": {}}, "team")
    await world.client.create(kinds.PODS, {**place(), "spec": {}}, "team")
    await world.client.create(kinds.SECRETS, place(), "default")
    await world.client.delete(kinds.NAMESPACES, KEY)
    await world.settle()
    assert "team" not in world.names(kinds.NAMESPACES)
    for resource in (kinds.SECRETS, kinds.DEPLOYMENTS, kinds.PODS, kinds.CONFIGMAPS, kinds.SERVICEACCOUNTS):
        assert world.api.everything(resource, "team") == []
    assert len(world.api.everything(kinds.SECRETS, "default")) == 1


async def test_nothing_else_goes_before_the_last_pod(world):
    await world.client.create(kinds.SECRETS, place(), "team")
    await world.client.create(kinds.PODS, {**place(finalizers=["example.com/hold"]), "spec": {}}, "team")
    await world.client.delete(kinds.NAMESPACES, KEY)
    await world.settle()
    assert world.one(kinds.SECRETS, "thing", "team")
    status = world.one(kinds.NAMESPACES, "team")["status"]
    assert status["phase"] == "Terminating"
    told = {one["type"]: (one["status"], one["message"]) for one in status["conditions"]}
    assert told["NamespaceContentRemaining"] == (
        "True",
        "Some resources are remaining: pods has 1 resource instances",
    )
    assert told["NamespaceFinalizersRemaining"][1].endswith("remaining: example.com/hold in 1 resource instances")
    await world.client.patch(kinds.PODS, sdk.Key("team", "thing"), {"metadata": {"finalizers": None}})
    await world.settle()
    assert "team" not in world.names(kinds.NAMESPACES)


async def test_a_finalizer_on_an_object_holds_the_namespace(world):
    await world.client.create(kinds.CONFIGMAPS, place(finalizers=["example.com/hold"]), "team")
    await world.client.delete(kinds.NAMESPACES, KEY)
    await world.clock.advance(30)
    assert world.names(kinds.CONFIGMAPS).count("thing") == 1
    await world.client.patch(kinds.CONFIGMAPS, sdk.Key("team", "thing"), {"metadata": {"finalizers": None}})
    await world.clock.advance(60)
    assert "team" not in world.names(kinds.NAMESPACES)
