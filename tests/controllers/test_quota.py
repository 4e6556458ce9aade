"""ResourceQuotas say what is used, and give back what is freed."""

from decimal import Decimal

import pytest

from podvisor import sdk
from podvisor.sdk import kinds
from podvisor.testing.memory.status import Refused

from .conftest import deployment

KEY = sdk.Key("default", "q")


@pytest.fixture
async def world(running):
    async with running("quota") as world:
        yield world


async def bound(world, spec: dict | None = None, **hard: str) -> None:
    wanted = {"metadata": {"name": "q"}, "spec": {"hard": hard, **(spec or {})}}
    await world.client.create(kinds.RESOURCEQUOTAS, wanted, "default")
    await world.settle()


def pod(name: str, cpu: str = "", namespace: str = "default", **spec) -> dict:
    resources = {"requests": {"cpu": cpu}} if cpu else {}
    containers = [{"name": "main", "image": "web:1", "resources": resources}]
    return {"metadata": {"name": name, "namespace": namespace}, "spec": {"containers": containers} | spec}


def used(world) -> dict:
    return world.one(kinds.RESOURCEQUOTAS, "q")["status"].get("used")


async def test_it_says_what_is_bounded_and_counts_what_is_there(world):
    world.api.add(kinds.PODS, pod("one", "300m"))
    world.api.add(kinds.PODS, pod("two", "500m"))
    world.api.add(kinds.PODS, pod("elsewhere", "1", "kube-system"))
    hard = {"pods": "5", "requests.cpu": "2", "secrets": "10", "nobody.example.com/knows": "1"}
    await bound(world, **hard)
    status = world.one(kinds.RESOURCEQUOTAS, "q")["status"]
    assert status == {"hard": hard, "used": {"pods": "2", "requests.cpu": "800m", "secrets": "0"}}


async def test_what_is_deleted_or_has_ended_is_given_back(world):
    for name in ("one", "two", "three"):
        world.api.add(kinds.PODS, pod(name, "1"))
    await bound(world, **{"pods": "5", "count/pods": "5", "requests.cpu": "9"})
    await world.client.delete(kinds.PODS, sdk.Key("default", "one"), sdk.DeleteOptions(grace_period_seconds=0))
    await world.settle()
    assert used(world) == {"pods": "2", "count/pods": "2", "requests.cpu": "2"}
    await world.set_status(world.one(kinds.PODS, "two"), phase="Succeeded")
    await world.settle()
    assert used(world) == {"pods": "1", "count/pods": "2", "requests.cpu": "1"}


async def test_objects_of_any_kind_are_counted_and_given_back(world):
    await world.client.create(kinds.DEPLOYMENTS, deployment("web"), "default")
    await bound(world, **{"count/deployments.apps": "5", "count/nothings.example.com": "1"})
    assert used(world) == {"count/deployments.apps": "1"}
    await world.client.delete(kinds.DEPLOYMENTS, sdk.Key("default", "web"))
    await world.settle()
    assert used(world) == {"count/deployments.apps": "0"}


async def test_a_service_that_changes_gives_its_port_back(world):
    service = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    await world.client.create(kinds.SERVICES, service, "default")
    await bound(world, **{"services.nodeports": "5"})
    assert used(world) == {"services.nodeports": "1"}
    await world.client.patch(kinds.SERVICES, sdk.Key("default", "s"), {"spec": {"type": "ClusterIP"}})
    await world.settle()
    assert used(world) == {"services.nodeports": "0"}


async def test_a_changed_quota_forgets_what_it_no_longer_bounds(world):
    await bound(world, pods="5", secrets="2")
    await world.client.patch(kinds.RESOURCEQUOTAS, KEY, {"spec": {"hard": {"secrets": None, "pods": "6"}}})
    await world.settle()
    assert world.one(kinds.RESOURCEQUOTAS, "q")["status"] == {"hard": {"pods": "6"}, "used": {"pods": "0"}}


async def test_scopes_choose_the_pods(world):
    world.api.add(kinds.PODS, pod("ends", activeDeadlineSeconds=5))
    world.api.add(kinds.PODS, pod("stays"))
    await bound(world, {"scopes": ["Terminating"]}, pods="5")
    assert used(world) == {"pods": "1"}


async def test_claims_are_counted_with_their_classes(world):
    for name, size, cls in (("a", "1500m", "fast"), ("b", "1Gi", "")):
        spec = {"resources": {"requests": {"storage": size}}, "storageClassName": cls}
        await world.client.create(kinds.PERSISTENTVOLUMECLAIMS, {"metadata": {"name": name}, "spec": spec}, "default")
    by_class = "fast.storageclass.storage.k8s.io/"
    names = ("persistentvolumeclaims", "requests.storage", f"{by_class}requests.storage")
    await bound(world, **dict.fromkeys((*names, f"{by_class}persistentvolumeclaims"), "5Gi"))
    assert used(world) == {
        "persistentvolumeclaims": "2",
        "requests.storage": str(1024**3 + 2),
        f"{by_class}requests.storage": "2",
        f"{by_class}persistentvolumeclaims": "1",
    }


async def test_what_was_counted_meanwhile_is_not_undone(world):
    """A pod that is created while the controller counts is in what the API server wrote; that must stand."""
    await bound(world, pods="5")
    racing = True

    def race(request) -> None:
        nonlocal racing
        if racing and request.method == "PATCH" and request.path.endswith("/resourcequotas/q/status"):
            racing = False
            world.api.add(kinds.PODS, pod("late"))
            counted = world.one(kinds.RESOURCEQUOTAS, "q")
            counted["status"]["used"] = {"pods": "2"}
            world.api.add(kinds.RESOURCEQUOTAS, counted)

    world.api.add(kinds.PODS, pod("one"))
    world.api.intercept = race
    await world.client.patch(kinds.RESOURCEQUOTAS, KEY, {"spec": {"hard": {"pods": "6"}}})
    await world.settle()
    assert not racing
    assert used(world) == {"pods": "2"}


async def test_counting_goes_on_after_a_refusal(world):
    failures = 2

    def refuse(request) -> None:
        nonlocal failures
        if failures and request.method == "PATCH":
            failures -= 1
            raise Refused(500, "InternalError", "not now")

    world.api.intercept = refuse
    await bound(world, pods="5")
    assert (failures, used(world)) == (0, {"pods": "0"})


async def test_it_counts_anew_from_time_to_time(world, clock):
    await bound(world, pods="5")
    status = {"used": {"pods": str(Decimal(3))}}
    await world.client.patch(kinds.RESOURCEQUOTAS, KEY, {"status": status}, sdk.STATUS)
    await clock.advance(301)
    await world.settle()
    assert used(world) == {"pods": "0"}
