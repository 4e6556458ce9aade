"""Endpoints shown as EndpointSlices."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds

KEY = sdk.Key("default", "web")
HTTP = {"port": 8080, "protocol": "TCP"}


@pytest.fixture
async def world(running):
    async with running("slices", "endpoints") as world:
        yield world


async def create(world, *subsets) -> None:
    await world.client.create(kinds.ENDPOINTS, {"metadata": {"name": "web"}, "subsets": list(subsets)}, "default")
    await world.settle()


def slices(world) -> list[dict]:
    return [world.one(kinds.ENDPOINTSLICES, name) for name in world.names(kinds.ENDPOINTSLICES)]


async def test_a_slice_shows_ready_and_unready_addresses(world):
    await create(world, {"addresses": [{"ip": "10.0.0.1"}], "notReadyAddresses": [{"ip": "10.0.0.2"}], "ports": [HTTP]})
    (found,) = slices(world)
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    assert [(one["addresses"], one["conditions"]["ready"]) for one in found["endpoints"]] == [
        (["10.0.0.1"], True),
        (["10.0.0.2"], False),
    ]
    assert found["ports"] == [{"name": "", **HTTP}]


async def test_slices_follow_their_endpoints(world):
    await create(world, {"addresses": [{"ip": "10.0.0.1"}], "ports": [HTTP]})
    two = [{"addresses": [{"ip": f"10.0.0.{last}"}], "ports": [HTTP | {"port": last}]} for last in (3, 4)]
    await world.client.patch(kinds.ENDPOINTS, KEY, {"subsets": two})
    await world.settle()
    assert sorted(one["endpoints"][0]["addresses"][0] for one in slices(world)) == ["10.0.0.3", "10.0.0.4"]
    await world.client.delete(kinds.ENDPOINTS, KEY)
    await world.settle()
    assert slices(world) == []


async def test_slices_of_others_are_left_alone(world):
    labels = {"kubernetes.io/service-name": "web"}
    theirs = {"metadata": {"name": "theirs", "labels": labels}, "addressType": "IPv4", "endpoints": []}
    await world.client.create(kinds.ENDPOINTSLICES, theirs, "default")
    await create(world)
    assert world.names(kinds.ENDPOINTSLICES) == ["theirs"]


async def service(world, **spec) -> None:
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "protocol": "TCP"}]} | spec
    await world.client.create(kinds.SERVICES, {"metadata": {"name": "web"}, "spec": spec}, "default")
    await world.settle()


MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


async def test_a_selector_that_finds_no_pod_has_an_empty_slice(world):
    await service(world)
    (found,) = slices(world)
    assert (found["endpoints"], found["ports"], found["addressType"]) == ([], [], "IPv4")
    labels = found["metadata"]["labels"]
    assert labels[MANAGED_BY] == "endpointslice-controller.k8s.io"
    assert labels["kubernetes.io/service-name"] == "web"


async def test_a_mirror_says_that_it_is_one(world):
    await create(world, {"addresses": [{"ip": "10.0.0.1"}], "ports": [HTTP]})
    (found,) = slices(world)
    assert found["metadata"]["labels"][MANAGED_BY] == "endpointslicemirroring-controller.k8s.io"
    old = {"metadata": {"labels": {MANAGED_BY: "endpointslice-controller.k8s.io"}}}
    await world.client.patch(kinds.ENDPOINTSLICES, sdk.Key("default", found["metadata"]["name"]), old)
    await world.settle()
    (mended,) = slices(world)
    assert mended["metadata"]["labels"][MANAGED_BY] == "endpointslicemirroring-controller.k8s.io"


async def test_endpoints_without_addresses_have_no_mirror(world):
    await create(world)
    assert slices(world) == []
