"""The addresses behind Services."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds

KEY = sdk.Key("default", "web")


@pytest.fixture
async def world(running):
    async with running("endpoints") as world:
        yield world


def pod(name: str, ip: str, *, ready: bool = True) -> dict:
    told = {"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": str(ready)}]}
    port = {"name": "http", "containerPort": 8080, "protocol": "TCP"}
    spec = {"nodeName": "n1", "containers": [{"name": "main", "ports": [port]}]}
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": spec, "status": told}


async def test_ready_and_unready_addresses_are_told_apart(world):
    world.api.add(kinds.PODS, pod("a", "10.0.0.1"))
    world.api.add(kinds.PODS, pod("b", "10.0.0.2", ready=False))
    port = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [port]}}
    await world.client.create(kinds.SERVICES, service, "default")
    await world.settle()
    (subset,) = world.one(kinds.ENDPOINTS, "web")["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == ["10.0.0.1"]
    assert [one["ip"] for one in subset["notReadyAddresses"]] == ["10.0.0.2"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert subset["addresses"][0]["targetRef"]["name"] == "a"
    await world.client.delete(kinds.SERVICES, KEY)
    await world.settle()
    assert world.names(kinds.ENDPOINTS) == []


async def test_endpoints_without_a_service_or_selector_are_left_to_their_users(world):
    await world.client.create(kinds.ENDPOINTS, {"metadata": {"name": "mine"}, "subsets": []}, "default")
    await world.client.create(kinds.SERVICES, {"metadata": {"name": "bare"}, "spec": {}}, "default")
    await world.settle()
    assert world.names(kinds.ENDPOINTS) == ["mine"]
