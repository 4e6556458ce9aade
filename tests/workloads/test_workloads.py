"""Deployments and Jobs, driven by kubectl."""

import orjson
import pytest

from podvisor import sdk
from podvisor.sdk import kinds

from .conftest import CLOCK, EXIT_CODE

WEB = sdk.Key("default", "web")


@pytest.fixture
async def web(kubectl) -> None:
    await kubectl("create", "deployment", "web", "--image=web:1", "--replicas=3")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")


async def images(client: sdk.Client) -> list[str]:
    pods = (await client.list(kinds.PODS, sdk.Selection("default", labels="app=web"))).items
    return sorted(pod.spec.containers[0].image for pod in pods if not pod.metadata.deleting)


@pytest.mark.usefixtures("web")
async def test_a_deployment_rolls_is_undone_and_remembers(kubectl, cluster):
    assert await images(cluster) == ["web:1"] * 3
    await kubectl("set", "image", "deployment/web", "web=web:2")
    assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert await images(cluster) == ["web:2"] * 3
    history = await kubectl("rollout", "history", "deployment/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "2"]
    await kubectl("rollout", "undo", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert await images(cluster) == ["web:1"] * 3
    history = await kubectl("rollout", "history", "deployment/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["2", "3"]


@pytest.mark.usefixtures("web")
async def test_a_deployment_is_scaled_restarted_and_described(kubectl, cluster):
    await kubectl("scale", "deployment/web", "--replicas=5")
    await kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=5", "--timeout=30s")
    before = {pod.metadata.uid for pod in (await cluster.list(kinds.PODS)).items}
    await kubectl("rollout", "restart", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    after = {pod.metadata.uid for pod in (await cluster.list(kinds.PODS)).items if not pod.metadata.deleting}
    assert len(after) == 5
    assert not before & after
    described = await kubectl("describe", "deployment/web")
    assert "NewReplicaSetAvailable" in described
    assert "MinimumReplicasAvailable" in described
    assert "Scaled up replica set web-" in described


@pytest.mark.usefixtures("web")
async def test_a_paused_deployment_waits(kubectl, cluster):
    await kubectl("rollout", "pause", "deployment/web")
    await kubectl("set", "image", "deployment/web", "web=web:2")
    generation = (await cluster.get(kinds.DEPLOYMENTS, "web", "default")).metadata.generation
    await sdk.until(
        cluster, kinds.DEPLOYMENTS, WEB, lambda one: one.status.observed_generation == generation, CLOCK, 30
    )
    assert await images(cluster) == ["web:1"] * 3
    await kubectl("rollout", "resume", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert await images(cluster) == ["web:2"] * 3


@pytest.mark.usefixtures("web")
async def test_deleting_a_deployment_takes_everything_below_it(kubectl, cluster):
    await kubectl("delete", "deployment/web", "--cascade=foreground", "--timeout=30s")
    assert (await cluster.list(kinds.REPLICASETS)).items == []
    assert (await cluster.list(kinds.PODS)).items == []


@pytest.mark.usefixtures("web")
async def test_orphans_are_adopted_by_a_deployment_of_the_same_template(kubectl, cluster):
    before = {pod.metadata.uid for pod in (await cluster.list(kinds.PODS)).items}
    manifest = orjson.loads(await kubectl("get", "deployment/web", "-o", "json"))
    await kubectl("delete", "deployment/web", "--cascade=orphan", "--timeout=30s")
    assert {pod.metadata.uid for pod in (await cluster.list(kinds.PODS)).items} == before
    again = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": manifest["spec"]}
    await kubectl("create", "-f", "-", given=orjson.dumps(again).decode())
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert {pod.metadata.uid for pod in (await cluster.list(kinds.PODS)).items} == before
    assert len((await cluster.list(kinds.REPLICASETS)).items) == 1


def job(name: str, code: int, **spec) -> str:
    template = {
        "metadata": {"annotations": {EXIT_CODE: str(code)}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "work"}]},
    }
    whole = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }
    return orjson.dumps(whole).decode()


async def test_jobs_complete_fail_and_go(kubectl, cluster):
    await kubectl("apply", "-f", "-", given=job("good", 0, completions=4, parallelism=2))
    await kubectl("wait", "job/good", "--for=condition=Complete", "--timeout=30s")
    done = await cluster.get(kinds.JOBS, "good", "default")
    assert (done.status.succeeded, done.status.failed, done.status.active) == (4, 0, 0)
    await kubectl("apply", "-f", "-", given=job("bad", 3, backoffLimit=0))
    await kubectl("wait", "job/bad", "--for=condition=Failed", "--timeout=30s")
    failed = await cluster.get(kinds.JOBS, "bad", "default")
    assert failed.status.conditions[-1].reason == "BackoffLimitExceeded"
    await kubectl("apply", "-f", "-", given=job("indexed", 0, completions=3, completionMode="Indexed"))
    await kubectl("wait", "job/indexed", "--for=condition=Complete", "--timeout=30s")
    assert (await cluster.get(kinds.JOBS, "indexed", "default")).status.completed_indexes == "0-2"
    await kubectl("delete", "job", "--all", "--timeout=30s")
    await sdk.until(cluster, kinds.JOBS, sdk.Key("default", "good"), lambda one: one is None, CLOCK, 30)
    for pod in (await cluster.list(kinds.PODS)).items:
        key = sdk.Key("default", pod.metadata.name)
        await sdk.until(cluster, kinds.PODS, key, lambda one: one is None, CLOCK, 30)


async def test_a_job_goes_after_its_time_to_live(kubectl, cluster):
    await kubectl("apply", "-f", "-", given=job("brief", 0, ttlSecondsAfterFinished=0))
    await sdk.until(cluster, kinds.JOBS, sdk.Key("default", "brief"), lambda one: one is None, CLOCK, 30)


async def test_a_namespace_is_furnished_and_goes_with_its_content(kubectl, cluster):
    await kubectl("create", "namespace", "team")
    place = sdk.Key("team", "kube-root-ca.crt")
    await sdk.until(cluster, kinds.CONFIGMAPS, place, lambda one: one is not None, CLOCK, 30)
    account = sdk.Key("team", "default")
    await sdk.until(cluster, kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, 30)
    await kubectl("create", "deployment", "web", "--image=web:1", "-n", "team")
    await kubectl("rollout", "status", "deployment/web", "-n", "team", "--timeout=30s")
    await kubectl("delete", "namespace", "team", "--timeout=60s")
    assert (await cluster.list(kinds.PODS, sdk.Selection("team"))).items == []


async def test_a_pod_that_fits_nowhere_says_why(kubectl, cluster):
    resources = {"resources": {"requests": {"cpu": "1000"}}}
    spec = {"containers": [{"name": "main", "image": "x", **resources}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "huge"}, "spec": spec}
    await kubectl("apply", "-f", "-", given=orjson.dumps(pod).decode())
    await kubectl("wait", "pod/huge", "--for=condition=PodScheduled=False", "--timeout=30s")
    described = await kubectl("describe", "pod/huge")
    assert "FailedScheduling" in described
    assert "0/1 nodes are available: 1 Insufficient cpu." in described
