"""Jobs: completions, failures, deadlines, suspension, indexes, and the finalizers that count ends."""

import pytest

from podvisor import sdk
from podvisor.controllers import indexes
from podvisor.controllers.jobcount import FINALIZER
from podvisor.sdk import kinds
from podvisor.sdk.objects.meta import seconds

KEY = sdk.Key("default", "work")


@pytest.fixture
async def world(running):
    async with running("job", "ttl", "podgc") as world:
        yield world


def job(**spec) -> dict:
    labels = {"batch.kubernetes.io/controller-uid": "1", "job-name": "work"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]},
    }
    base = {"completions": 1, "parallelism": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": "work"}, "spec": base | spec}


async def start(world, **spec) -> None:
    await world.client.create(kinds.JOBS, job(**spec), "default")
    await world.settle()


def status(world) -> dict:
    return world.one(kinds.JOBS, "work")["status"]


def conditions(world) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in status(world)["conditions"]}


def active(world) -> list[dict]:
    return [pod for pod in world.pods() if pod["status"]["phase"] in ("Pending", "Running")]


async def test_a_job_completes_when_its_pod_succeeds(world):
    await start(world)
    (pod,) = world.pods()
    assert pod["metadata"]["finalizers"] == [FINALIZER]
    assert status(world)["active"] == 1
    await world.end(pod, phase="Succeeded")
    assert status(world)["succeeded"] == 1
    assert "active" not in status(world)
    assert conditions(world) == {
        "SuccessCriteriaMet": ("True", "CompletionsReached"),
        "Complete": ("True", "CompletionsReached"),
    }
    assert status(world)["completionTime"]
    assert world.pods()[0]["metadata"]["finalizers"] == []
    assert world.messages("Completed") == ["Job completed"]


async def test_parallelism_limits_how_many_run_at_once(world):
    await start(world, completions=5, parallelism=2)
    seen = []
    while pods := active(world):
        seen.append(len(pods))
        await world.end(pods[0], phase="Succeeded")
    assert seen == [2, 2, 2, 2, 1]
    assert status(world)["succeeded"] == 5
    assert "Complete" in conditions(world)


async def test_without_completions_one_success_ends_the_work(world):
    await start(world, completions=None, parallelism=3)
    first, *others = active(world)
    await world.end(first, phase="Succeeded")
    assert len(active(world)) == 2
    assert "Complete" not in conditions(world)
    await world.end(*others, phase="Succeeded")
    assert conditions(world)["Complete"][0] == "True"


async def test_failures_are_retried_ever_later_until_the_limit(world):
    await start(world, backoffLimit=2)
    waits = []
    for _ in range(2):
        await world.end(*active(world), phase="Failed")
        assert active(world) == []
        waited = 0
        while not active(world):
            await world.clock.advance(1)
            waited += 1
        waits.append(waited)
    assert waits[0] == pytest.approx(10, abs=1)
    assert waits[1] == pytest.approx(20, abs=1)
    await world.end(*active(world), phase="Failed")
    assert status(world)["failed"] == 3
    assert conditions(world)["Failed"] == ("True", "BackoffLimitExceeded")
    assert world.messages("BackoffLimitExceeded") == ["Job has reached the specified backoff limit"]
    await world.clock.advance(1000)
    assert active(world) == []


async def test_a_deadline_fails_the_job_and_deletes_its_pods(world):
    await start(world, activeDeadlineSeconds=30)
    await world.clock.advance(31)
    assert active(world) == []
    assert conditions(world)["Failed"] == ("True", "DeadlineExceeded")
    assert "FailureTarget" in conditions(world)


async def test_a_suspended_job_has_no_pods_and_resumes(world):
    await start(world, parallelism=2, completions=2)
    await world.client.patch(kinds.JOBS, KEY, {"spec": {"suspend": True}})
    await world.settle()
    assert active(world) == []
    assert conditions(world)["Suspended"] == ("True", "JobSuspended")
    assert "startTime" not in status(world)
    await world.client.patch(kinds.JOBS, KEY, {"spec": {"suspend": False}})
    await world.clock.advance(60)
    assert len(active(world)) == 2
    assert conditions(world)["Suspended"] == ("False", "JobResumed")
    assert world.messages("Suspended") == ["Job suspended"]


async def test_an_indexed_job_runs_each_index_once_and_tells_it(world):
    await start(world, completionMode="Indexed", completions=3, parallelism=3)
    pods = {pod["metadata"]["annotations"][indexes.ANNOTATION]: pod for pod in active(world)}
    assert sorted(pods) == ["0", "1", "2"]
    assert pods["1"]["spec"]["hostname"] == "work-1"
    assert pods["1"]["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
    await world.end(pods["0"], pods["2"], phase="Succeeded")
    await world.end(pods["1"], phase="Failed")
    assert status(world)["completedIndexes"] == "0,2"
    await world.clock.advance(15)
    (again,) = active(world)
    assert again["metadata"]["annotations"][indexes.ANNOTATION] == "1"
    await world.end(again, phase="Succeeded")
    assert status(world)["completedIndexes"] == "0-2"
    assert (status(world)["succeeded"], status(world)["failed"]) == (3, 1)
    assert conditions(world)["Complete"][0] == "True"


async def test_a_finished_job_goes_after_its_time_to_live(world):
    await start(world, ttlSecondsAfterFinished=100)
    await world.end(*active(world), phase="Succeeded")
    await world.clock.advance(98)
    assert "deletionTimestamp" not in world.one(kinds.JOBS, "work")["metadata"]
    await world.clock.advance(5)
    assert world.one(kinds.JOBS, "work")["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_pods_of_a_deleted_job_are_not_held_by_its_finalizer(world):
    await start(world)
    await world.client.delete(kinds.JOBS, KEY)
    await world.settle()
    assert [pod["metadata"]["finalizers"] for pod in world.pods()] == [[]]


async def test_an_end_is_counted_once_even_if_the_controller_dies_in_between(world, running):
    """Between writing the uid down and removing the finalizer a crash may come, on either side of it."""
    await start(world, completions=2, parallelism=1)
    pod = active(world)[0]
    uid = pod["metadata"]["uid"]
    await world.client.patch(kinds.JOBS, KEY, {"status": {"uncountedTerminatedPods": {"succeeded": [uid]}}}, sdk.STATUS)
    await world.end(pod, phase="Succeeded")
    assert status(world)["succeeded"] == 1
    assert "succeeded" not in status(world)["uncountedTerminatedPods"]


@pytest.mark.parametrize(("text", "numbers"), [("", set()), ("4", {4}), ("1,3-5,7", {1, 3, 4, 5, 7}), ("0-1", {0, 1})])
def test_indexes_have_a_short_form(text, numbers):
    assert indexes.parse(text) == numbers
    assert indexes.format(numbers) == text


async def fail(world, pod: dict, code: int, *, conditions=()) -> None:
    ended = {"terminated": {"exitCode": code, "finishedAt": seconds(world.clock.now())}}
    statuses = [{"name": "main", "state": ended}]
    await world.set_status(pod, phase="Failed", containerStatuses=statuses, conditions=list(conditions))
    await world.settle()


def policy(action: str, **what) -> dict:
    return {"rules": [{"action": action, **what}]}


CODE_42 = {"onExitCodes": {"operator": "In", "values": [42]}}


async def test_a_failure_that_the_policy_calls_fatal_ends_the_job(world):
    await start(world, completions=3, parallelism=3, podFailurePolicy=policy("FailJob", **CODE_42))
    first = active(world)[0]
    await fail(world, first, 42)
    name = first["metadata"]["name"]
    message = f"Container main for pod default/{name} failed with exit code 42 matching FailJob rule at index 0"
    told = next(one for one in status(world)["conditions"] if one["type"] == "Failed")
    assert (told["reason"], told["message"]) == ("PodFailurePolicy", message)
    assert active(world) == []


async def test_a_failure_that_the_policy_ignores_does_not_count(world):
    disruption = {"onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    await start(world, backoffLimit=0, podFailurePolicy=policy("Ignore", **disruption))
    await fail(world, active(world)[0], 1, conditions=[{"type": "DisruptionTarget", "status": "True"}])
    assert "failed" not in status(world)
    await world.clock.advance(15)
    assert len(active(world)) == 1
    assert world.pods()[0]["metadata"]["finalizers"] == [] or world.pods()[1]["metadata"]["finalizers"] == []


async def test_with_a_limit_per_index_the_others_go_on(world):
    spec = {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimit": 100}
    await start(world, **spec, backoffLimitPerIndex=1)
    for _ in range(2):
        pods = {pod["metadata"]["annotations"][indexes.ANNOTATION]: pod for pod in active(world)}
        await fail(world, pods["0"], 1)
        await world.clock.advance(30)
    assert status(world)["failedIndexes"] == "0"
    (left,) = active(world)
    await world.end(left, phase="Succeeded")
    assert (status(world)["completedIndexes"], status(world)["failed"]) == ("1", 2)
    assert conditions(world)["Failed"] == ("True", "FailedIndexes")


async def test_too_many_failed_indexes_end_the_job(world):
    spec = {"completionMode": "Indexed", "completions": 3, "parallelism": 3, "backoffLimit": 100}
    await start(world, **spec, backoffLimitPerIndex=0, maxFailedIndexes=0)
    await fail(world, active(world)[0], 1)
    assert conditions(world)["Failed"] == ("True", "MaxFailedIndexesExceeded")
    assert active(world) == []


async def test_a_success_policy_can_be_satisfied_early(world):
    spec = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
    await start(world, **spec, successPolicy={"rules": [{"succeededIndexes": "1-2", "succeededCount": 1}]})
    pods = {pod["metadata"]["annotations"][indexes.ANNOTATION]: pod for pod in active(world)}
    await world.end(pods["2"], phase="Succeeded")
    assert conditions(world)["SuccessCriteriaMet"] == ("True", "SuccessPolicy")
    assert conditions(world)["Complete"][0] == "True"
    assert active(world) == []


async def test_a_pod_on_its_way_out_is_replaced_at_once_or_when_it_has_ended(world):
    for name, replacement, replaced in (("early", "TerminatingOrFailed", 2), ("late", "Failed", 1)):
        thing = job(podReplacementPolicy=replacement)
        thing["metadata"]["name"] = name
        thing["spec"]["selector"] = {"matchLabels": {"job": name}}
        thing["spec"]["template"]["metadata"]["labels"] = {"job": name}
        await world.client.create(kinds.JOBS, thing, "default")
        await world.settle()
        (pod,) = [pod for pod in world.pods() if pod["metadata"]["labels"]["job"] == name]
        await world.client.patch(kinds.PODS, sdk.Key("default", pod["metadata"]["name"]), {"spec": {"nodeName": "n1"}})
        await world.client.delete(kinds.PODS, sdk.Key("default", pod["metadata"]["name"]))
        await world.clock.advance(15)
        assert len([pod for pod in world.pods() if pod["metadata"]["labels"]["job"] == name]) == replaced


async def test_a_job_that_somebody_else_manages_is_left_alone(world):
    await start(world, managedBy="example.com/mine")
    assert world.pods() == []
    assert "conditions" not in status(world)
