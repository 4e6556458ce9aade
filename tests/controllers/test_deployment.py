"""Deployments: rollouts, rollbacks, scaling, history, conditions."""

import pytest

from podvisor import sdk
from podvisor.controllers import revisions
from podvisor.sdk import kinds
from podvisor.sdk.objects.meta import seconds

from .conftest import deployment as wanted
from .conftest import template

KEY = sdk.Key("default", "web")


@pytest.fixture
async def world(running):
    async with running("deployment", "replicaset") as world:
        yield world


async def created(world, **spec):
    await world.client.create(kinds.DEPLOYMENTS, wanted(**spec), "default")
    await world.settle()
    await world.make_ready()


async def set_image(world, image: str) -> None:
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"template": template(image, app="web")}})
    await world.settle()


async def finish(world) -> None:
    """Let the node do its work until nothing moves any more."""
    for _ in range(20):
        await world.make_ready()


def sizes(world) -> dict[str, int]:
    """Replicas wanted by image."""
    return {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["spec"]["replicas"]
        for one in world.api.everything(kinds.REPLICASETS)
    }


def condition(world, type: str) -> tuple[str, str, str]:
    told = world.one(kinds.DEPLOYMENTS, "web")["status"]["conditions"]
    found = next(one for one in told if one["type"] == type)
    return found["status"], found["reason"], found["message"]


async def test_a_new_deployment_gets_one_replicaset_with_hash_and_revision(world):
    await created(world)
    (only,) = world.api.everything(kinds.REPLICASETS)
    label = only["metadata"]["labels"]["pod-template-hash"]
    assert only["metadata"]["name"] == f"web-{label}"
    assert only["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": label}
    assert only["metadata"]["annotations"] == {
        "deployment.kubernetes.io/revision": "1",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
    }
    assert world.one(kinds.DEPLOYMENTS, "web")["metadata"]["annotations"][revisions.REVISION] == "1"
    assert world.messages("ScalingReplicaSet") == [f"Scaled up replica set web-{label} from 0 to 3"]


async def test_a_finished_rollout_says_so(world):
    await world.client.create(kinds.DEPLOYMENTS, wanted(), "default")
    await world.settle()
    assert condition(world, "Available")[:2] == ("False", "MinimumReplicasUnavailable")
    assert condition(world, "Progressing")[0] == "True"
    await world.make_ready()
    (only,) = world.names(kinds.REPLICASETS)
    assert condition(world, "Available")[:2] == ("True", "MinimumReplicasAvailable")
    message = f'ReplicaSet "{only}" has successfully progressed.'
    assert condition(world, "Progressing") == ("True", "NewReplicaSetAvailable", message)
    status = world.one(kinds.DEPLOYMENTS, "web")["status"]
    names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    assert [status[name] for name in names] == [3, 3, 3, 3, 1]
    assert "unavailableReplicas" not in status


async def test_a_rolling_update_never_leaves_its_bounds(world):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    await created(world, replicas=5, strategy=rolling)
    await set_image(world, "web:2")
    for _ in range(30):
        pods = [pod for pod in world.pods() if "deletionTimestamp" not in pod["metadata"]]
        ready = [pod for pod in pods if pod["status"].get("phase") == "Running"]
        assert len(pods) <= 6
        assert len(ready) >= 4
        if waiting := [pod for pod in pods if pod["status"]["phase"] == "Pending"]:
            await world.make_ready(waiting[0])
    assert sizes(world) == {"web:1": 0, "web:2": 5}
    assert condition(world, "Progressing")[1] == "NewReplicaSetAvailable"


async def test_a_bad_template_does_not_take_the_service_down(world):
    await created(world, replicas=4)
    await set_image(world, "web:broken")
    assert sizes(world) == {"web:1": 3, "web:broken": 2}
    ready = [pod for pod in world.pods() if pod["status"]["phase"] == "Running"]
    assert len(ready) == 3


async def test_unhealthy_old_pods_go_first(world):
    await created(world, replicas=4)
    broken = world.pods()[0]
    await world.set_status(broken, phase="Running", conditions=[{"type": "Ready", "status": "False"}])
    await world.settle()
    await set_image(world, "web:2")
    assert broken["metadata"]["name"] not in world.names(kinds.PODS)


async def test_recreate_lets_old_and_new_never_meet(world):
    await created(world, replicas=2, strategy={"type": "Recreate"})
    held = world.pods()[0]
    key = sdk.Key("default", held["metadata"]["name"])
    await world.client.patch(kinds.PODS, key, {"metadata": {"finalizers": ["example.com/hold"]}})
    await set_image(world, "web:2")
    assert sizes(world) == {"web:1": 0}
    await world.client.patch(kinds.PODS, key, {"metadata": {"finalizers": None}})
    await world.settle()
    assert sizes(world) == {"web:1": 0, "web:2": 2}


async def test_going_back_to_an_old_template_reuses_its_replicaset_under_a_new_revision(world):
    await created(world)
    await set_image(world, "web:2")
    await finish(world)
    await set_image(world, "web:1")
    await finish(world)
    assert sizes(world) == {"web:1": 3, "web:2": 0}
    annotations = {
        one["spec"]["template"]["spec"]["containers"][0]["image"]: one["metadata"]["annotations"]
        for one in world.api.everything(kinds.REPLICASETS)
    }
    assert annotations["web:1"][revisions.REVISION] == "3"
    assert annotations["web:1"][revisions.HISTORY] == "1"
    assert annotations["web:2"][revisions.REVISION] == "2"
    assert world.one(kinds.DEPLOYMENTS, "web")["metadata"]["annotations"][revisions.REVISION] == "3"


async def test_the_history_keeps_as_many_replicasets_as_its_limit(world):
    await created(world, revisionHistoryLimit=1)
    for number in (2, 3, 4):
        await set_image(world, f"web:{number}")
        await finish(world)
    assert sizes(world) == {"web:3": 0, "web:4": 3}


async def test_annotations_reach_the_replicaset_but_for_its_own(world):
    thing = wanted()
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    thing["metadata"]["annotations"] = {"kubernetes.io/change-cause": "first", applied: "{}"}
    await world.client.create(kinds.DEPLOYMENTS, thing, "default")
    await world.settle()
    (only,) = world.api.everything(kinds.REPLICASETS)
    assert only["metadata"]["annotations"]["kubernetes.io/change-cause"] == "first"
    assert applied not in only["metadata"]["annotations"]


async def test_scaling_a_settled_deployment_scales_its_replicaset(world):
    await created(world, replicas=3)
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"replicas": 5}})
    await finish(world)
    assert sizes(world) == {"web:1": 5}
    assert condition(world, "Available")[0] == "True"
    (only,) = world.names(kinds.REPLICASETS)
    assert f"Scaled up replica set {only} from 3 to 5" in world.messages("ScalingReplicaSet")


async def test_scaling_in_the_midst_of_a_rollout_is_shared_out(world):
    """The example of the Kubernetes documentation: 10 replicas, a bad image, then 15."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    await created(world, replicas=10, strategy=rolling)
    await set_image(world, "web:broken")
    assert sizes(world) == {"web:1": 8, "web:broken": 5}
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"replicas": 15}})
    await world.settle()
    assert sizes(world) == {"web:1": 11, "web:broken": 7}


async def test_scaling_to_nothing_and_back(world):
    await created(world, replicas=2)
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"replicas": 0}})
    await world.settle()
    assert world.pods() == []
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"replicas": 2}})
    await finish(world)
    assert sizes(world) == {"web:1": 2}


async def test_a_paused_deployment_scales_but_does_not_roll(world):
    await created(world)
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"paused": True}})
    await set_image(world, "web:2")
    assert sizes(world) == {"web:1": 3}
    assert condition(world, "Progressing")[:2] == ("Unknown", "DeploymentPaused")
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"replicas": 4}})
    await world.settle()
    assert sizes(world) == {"web:1": 4}
    await world.client.patch(kinds.DEPLOYMENTS, KEY, {"spec": {"paused": False}})
    await finish(world)
    assert sizes(world) == {"web:1": 0, "web:2": 4}
    assert condition(world, "Progressing")[1] == "NewReplicaSetAvailable"


async def test_a_rollout_that_does_not_get_on_times_out(world):
    await created(world, progressDeadlineSeconds=60)
    await set_image(world, "web:broken")
    await world.clock.advance(59)
    assert condition(world, "Progressing")[1] == "ReplicaSetUpdated"
    await world.clock.advance(10)
    status, reason, message = condition(world, "Progressing")
    assert (status, reason) == ("False", "ProgressDeadlineExceeded")
    assert message.endswith("has timed out progressing.")


async def test_a_restart_by_annotation_rolls_every_pod(world):
    await created(world, replicas=2)
    before = set(world.names(kinds.PODS))
    restarted = {"kubectl.kubernetes.io/restartedAt": seconds(world.clock.now())}
    patch = {"spec": {"template": {"metadata": {"annotations": restarted}}}}
    await world.client.patch(kinds.DEPLOYMENTS, KEY, patch)
    await finish(world)
    after = set(world.names(kinds.PODS))
    assert len(after) == 2
    assert not before & after


async def test_a_taken_replicaset_name_is_got_around(world):
    label = revisions.template_hash(wanted()["spec"]["template"], 0)
    stranger = {"metadata": {"name": f"web-{label}"}, "spec": {"replicas": 0, "selector": {"matchLabels": {"x": "y"}}}}
    world.api.add(kinds.REPLICASETS, stranger)
    await created(world)
    assert world.one(kinds.DEPLOYMENTS, "web")["status"]["collisionCount"] == 1
    assert len(world.pods()) == 3
