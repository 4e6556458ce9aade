"""StatefulSets keep numbered pods, in order."""

import pytest

from podvisor import sdk
from podvisor.sdk import kinds

from .conftest import template

KEY = sdk.Key("default", "db")


def statefulset(replicas: int = 3, **spec) -> dict:
    labels = {"app": "db"}
    base = {
        "replicas": replicas,
        "serviceName": "db",
        "selector": {"matchLabels": labels},
        "template": template(**labels),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    }
    return {"metadata": {"name": "db"}, "spec": base | spec}


@pytest.fixture
async def world(running):
    async with running("statefulset") as world:
        yield world


async def create(world, **spec) -> None:
    await world.client.create(kinds.STATEFULSETS, statefulset(**spec), "default")
    await world.settle()


async def until_all_ready(world, rounds: int = 20) -> list[str]:
    """Have pods become ready as they come, until no more come; the names in that order."""
    seen: list[str] = []
    for _ in range(rounds):
        seen += [name for name in world.names(kinds.PODS) if name not in seen]
        await world.make_ready()
    return seen


async def change_image(world, image: str, **spec) -> None:
    await world.client.patch(kinds.STATEFULSETS, KEY, {"spec": {"template": template(image, app="db"), **spec}})
    await world.settle()


def images(world) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in world.pods()}


def status(world) -> dict:
    return world.one(kinds.STATEFULSETS, "db")["status"]


async def test_each_pod_waits_for_the_one_before_it(world):
    await create(world)
    assert world.names(kinds.PODS) == ["db-0"]
    await world.settle()
    assert world.names(kinds.PODS) == ["db-0"]
    await world.make_ready()
    assert world.names(kinds.PODS) == ["db-0", "db-1"]
    assert await until_all_ready(world) == ["db-0", "db-1", "db-2"]
    told = status(world)
    assert (told["replicas"], told["readyReplicas"], told["availableReplicas"]) == (3, 3, 3)
    assert told["currentRevision"] == told["updateRevision"]


async def test_all_come_at_once_where_the_order_does_not_matter(world):
    await create(world, podManagementPolicy="Parallel")
    assert world.names(kinds.PODS) == ["db-0", "db-1", "db-2"]


async def test_a_pod_knows_its_name_and_number(world):
    await create(world, replicas=1)
    pod = world.one(kinds.PODS, "db-0")
    labels = pod["metadata"]["labels"]
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-0", "db")
    assert labels["statefulset.kubernetes.io/pod-name"] == "db-0"
    assert labels["apps.kubernetes.io/pod-index"] == "0"
    assert labels["controller-revision-hash"] == status(world)["updateRevision"]


async def test_numbers_start_where_it_says(world):
    await create(world, ordinals={"start": 5}, replicas=2)
    assert await until_all_ready(world) == ["db-5", "db-6"]


async def test_pods_go_in_the_opposite_order(world):
    await create(world)
    await until_all_ready(world)
    gone: list[str] = []
    await world.client.patch(kinds.STATEFULSETS, KEY, {"spec": {"replicas": 0}})
    for _ in range(3):
        before = set(world.names(kinds.PODS))
        await world.settle()
        gone += sorted(before - set(world.names(kinds.PODS)), reverse=True)
    assert gone == ["db-2", "db-1", "db-0"]


async def test_a_pod_that_goes_comes_back_under_its_name(world):
    await create(world)
    await until_all_ready(world)
    old = world.one(kinds.PODS, "db-1")["metadata"]["uid"]
    await world.client.delete(kinds.PODS, sdk.Key("default", "db-1"))
    await world.settle()
    assert world.one(kinds.PODS, "db-1")["metadata"]["uid"] != old


async def test_a_failed_pod_is_made_again(world):
    await create(world, replicas=1)
    old = world.one(kinds.PODS, "db-0")
    await world.end(old, phase="Failed")
    assert world.one(kinds.PODS, "db-0")["metadata"]["uid"] != old["metadata"]["uid"]
    assert world.messages("RecreatingFailedPod") == ["StatefulSet default/db is recreating failed Pod db-0"]


async def test_an_update_goes_from_the_highest_number_down(world):
    await create(world)
    await until_all_ready(world)
    await change_image(world, "web:2")
    assert images(world) == {"db-0": "web:1", "db-1": "web:1", "db-2": "web:2"}
    await world.settle()
    assert images(world)["db-1"] == "web:1", "the new one is not ready"
    await until_all_ready(world)
    assert set(images(world).values()) == {"web:2"}
    told = status(world)
    assert told["currentRevision"] == told["updateRevision"]
    assert (told["currentReplicas"], told["updatedReplicas"]) == (3, 3)


async def test_an_update_stops_at_the_partition(world):
    await create(world)
    await until_all_ready(world)
    rolling = {"updateStrategy": {"rollingUpdate": {"partition": 2}}}
    await change_image(world, "web:2", **rolling)
    await until_all_ready(world)
    assert images(world) == {"db-0": "web:1", "db-1": "web:1", "db-2": "web:2"}
    await world.client.delete(kinds.PODS, sdk.Key("default", "db-0"))
    await until_all_ready(world)
    assert images(world)["db-0"] == "web:1", "what is below the partition stays what it was"


async def test_more_than_one_may_be_away_where_it_says(world):
    await create(
        world, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}}
    )
    await until_all_ready(world)
    before = {pod["metadata"]["uid"] for pod in world.pods()}
    await change_image(world, "web:2")
    kept = [pod["metadata"]["name"] for pod in world.pods() if pod["metadata"]["uid"] in before]
    assert kept == ["db-0"]


async def test_pods_of_on_delete_wait_to_be_deleted(world):
    await create(world, updateStrategy={"type": "OnDelete"}, replicas=1)
    await until_all_ready(world)
    await change_image(world, "web:2")
    assert images(world) == {"db-0": "web:1"}
    await world.client.delete(kinds.PODS, sdk.Key("default", "db-0"))
    await world.settle()
    assert images(world) == {"db-0": "web:2"}


async def test_a_template_that_comes_back_gets_its_revision_back(world):
    await create(world, replicas=1)
    await until_all_ready(world)
    first = status(world)["updateRevision"]
    await change_image(world, "web:2")
    await until_all_ready(world)
    await change_image(world, "web:1")
    await until_all_ready(world)
    assert status(world)["updateRevision"] == first
    numbers = {one["metadata"]["name"]: one["revision"] for one in world.api.everything(kinds.CONTROLLERREVISIONS)}
    assert sorted(numbers.values()) == [2, 3]
    assert numbers[first] == 3


async def test_revisions_hold_what_kubectl_undoes_with(world):
    await create(world, replicas=1)
    revision = world.api.everything(kinds.CONTROLLERREVISIONS)[0]
    assert revision["data"] == {"spec": {"template": {**template(app="db"), "$patch": "replace"}}}
    assert revision["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"


async def test_old_revisions_go_beyond_the_limit(world):
    await create(world, replicas=1, revisionHistoryLimit=1)
    for number in range(2, 6):
        await until_all_ready(world, rounds=2)
        await change_image(world, f"web:{number}")
    await until_all_ready(world)
    assert sorted(one["revision"] for one in world.api.everything(kinds.CONTROLLERREVISIONS)) == [4, 5]


async def test_pods_have_claims_of_their_own(world):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    await create(world, volumeClaimTemplates=[{"metadata": {"name": "data"}, "spec": spec}])
    await until_all_ready(world)
    claims = world.api.everything(kinds.PERSISTENTVOLUMECLAIMS)
    assert [claim["metadata"]["name"] for claim in claims] == ["data-db-0", "data-db-1", "data-db-2"]
    assert claims[0]["spec"] == spec
    assert claims[0]["metadata"]["labels"] == {"app": "db"}
    volumes = world.one(kinds.PODS, "db-1")["spec"]["volumes"]
    assert volumes == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}}]
    await world.client.delete(kinds.PODS, sdk.Key("default", "db-1"))
    await world.settle()
    assert len(world.api.everything(kinds.PERSISTENTVOLUMECLAIMS)) == 3, "what is there is used again"


async def test_what_becomes_available_later_is_waited_for(world, clock):
    await create(world, replicas=2, minReadySeconds=30)
    await world.make_ready()
    assert world.names(kinds.PODS) == ["db-0"]
    await clock.advance(31)
    await world.settle()
    assert world.names(kinds.PODS) == ["db-0", "db-1"]


CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}


def owners(world) -> dict[str, list[str]]:
    """By claim, whom it belongs to."""
    claims = world.api.everything(kinds.PERSISTENTVOLUMECLAIMS)
    return {
        one["metadata"]["name"]: [owner["kind"] for owner in one["metadata"].get("ownerReferences") or ()]
        for one in claims
    }


async def with_claims(world, deleted: str, scaled: str) -> None:
    policy = {"whenDeleted": deleted, "whenScaled": scaled}
    await create(world, replicas=2, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy)
    await until_all_ready(world)


async def scale(world, replicas: int) -> None:
    """Scale, without yet letting go of the pods that are too many."""
    pods = [pod["metadata"]["name"] for pod in world.pods()]
    for name in pods:
        key = sdk.Key("default", name)
        await world.client.patch(kinds.PODS, key, {"metadata": {"finalizers": ["example.com/held"]}})
    await world.client.patch(kinds.STATEFULSETS, KEY, {"spec": {"replicas": replicas}})
    await world.settle()


@pytest.mark.parametrize(
    ("deleted", "scaled", "before", "after"),
    [
        ("Retain", "Retain", [], []),
        ("Delete", "Retain", ["StatefulSet"], ["StatefulSet"]),
        ("Retain", "Delete", [], ["Pod"]),
        ("Delete", "Delete", ["StatefulSet"], ["Pod"]),
    ],
)
async def test_claims_belong_to_whom_the_policy_says(world, deleted, scaled, before, after):
    await with_claims(world, deleted, scaled)
    assert owners(world) == {"data-db-0": before, "data-db-1": before}
    await scale(world, 1)
    assert owners(world) == {"data-db-0": before, "data-db-1": after}
    await world.client.patch(kinds.STATEFULSETS, KEY, {"spec": {"replicas": 2}})
    await world.settle()
    assert owners(world)["data-db-1"] == before, "what is wanted again does not go"


async def test_claims_follow_a_policy_that_changes(world):
    await with_claims(world, "Retain", "Retain")
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    await world.client.patch(kinds.STATEFULSETS, KEY, {"spec": policy})
    await world.settle()
    assert owners(world) == {"data-db-0": ["StatefulSet"], "data-db-1": ["StatefulSet"]}


@pytest.mark.parametrize(
    "owner",
    [
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "another"},
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "x", "controller": True},
    ],
    ids=["an earlier set of that name", "another controller"],
)
async def test_claims_of_others_are_left_alone(world, owner):
    await with_claims(world, "Retain", "Retain")
    await world.client.patch(
        kinds.PERSISTENTVOLUMECLAIMS, sdk.Key("default", "data-db-1"), {"metadata": {"ownerReferences": [owner]}}
    )
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"}}
    await world.client.patch(kinds.STATEFULSETS, KEY, {"spec": policy})
    await world.settle()
    assert owners(world) == {"data-db-0": ["StatefulSet"], "data-db-1": [owner["kind"]]}
