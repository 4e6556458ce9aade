"""Phases, conditions and container states at each stage of a pod's life.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

import pytest

from pods.kit import (
    NAMESPACE,
    Json,
    Pods,
    condition,
    container,
    forever,
    has_ended,
    is_over,
    is_ready,
    runs,
    state,
    status,
)
from podvisor import sdk

CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]


def holding(pod: Json) -> list[str]:
    """The conditions that are true."""
    return [one["type"] for one in pod["status"]["conditions"] if one["status"] == "True"]


async def test_running_pod_is_ready_in_every_condition(pods: Pods):
    pod = await pods.get(await pods.ready(forever()))
    assert [one["type"] for one in pod["status"]["conditions"]] == CONDITIONS
    assert holding(pod) == CONDITIONS
    assert pod["status"]["phase"] == "Running"
    assert (status(pod)["ready"], status(pod)["started"], status(pod)["restartCount"]) == (True, True, 0)
    assert state(pod) == ("running", {"startedAt": state(pod)[1]["startedAt"]})
    assert pod["status"]["podIP"] == pod["status"]["podIPs"][0]["ip"]


async def test_pod_that_has_succeeded_is_complete(pods: Pods):
    pod = await pods.ended(container("exit 0"))
    assert pod["status"]["phase"] == "Succeeded"
    assert holding(pod) == ["Initialized", "PodScheduled"]
    assert condition(pod, "Ready")["reason"] == "PodCompleted"
    kind, said = state(pod)
    assert (kind, said["exitCode"], said["reason"]) == ("terminated", 0, "Completed")
    assert said["containerID"] == status(pod)["containerID"]
    assert (status(pod)["ready"], status(pod)["started"]) == (False, False)


async def test_pod_that_has_failed_says_its_exit_code(pods: Pods):
    pod = await pods.ended(container("exit 3"))
    assert pod["status"]["phase"] == "Failed"
    assert condition(pod, "Ready")["reason"] == "PodFailed"
    assert (state(pod)[1]["exitCode"], state(pod)[1]["reason"]) == (3, "Error")


async def test_pod_fails_when_one_of_its_containers_does(pods: Pods):
    pod = await pods.ended(container("exit 0", "good"), container("exit 1", "bad"))
    assert pod["status"]["phase"] == "Failed"
    assert [state(pod, name)[1]["reason"] for name in ("good", "bad")] == ["Completed", "Error"]


async def test_pod_runs_while_one_of_its_containers_does(pods: Pods):
    name = await pods.create(container("exit 0", "short"), forever("long"))
    pod = await pods.until(name, lambda pod: has_ended("short")(pod) and runs("long")(pod))
    assert pod["status"]["phase"] == "Running"
    assert condition(pod, "Ready")["message"] == "containers with unready status: [short]"
    assert condition(pod, "Ready")["reason"] == "ContainersNotReady"


async def test_deadline_ends_the_pod_as_failed(pods: Pods):
    name = await pods.create(forever(), activeDeadlineSeconds=1)
    pod = await pods.until(name, is_over)
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "DeadlineExceeded")
    assert pod["status"]["message"] == "Pod was active on the node longer than the specified deadline"
    assert state(pod)[0] == "terminated"


async def test_command_that_is_not_there_fails_in_the_words_of_runc(pods: Pods):
    pod = await pods.ended({"name": "main", "image": "host", "command": ["no-such-program"]})
    kind, said = state(pod)
    assert (kind, said["exitCode"], said["reason"]) == ("terminated", 128, "StartError")
    assert said["message"] == (
        "failed to create task: OCI runtime create failed: unable to start container process: "
        'exec: "no-such-program": executable file not found in $PATH'
    )
    event = await pods.event(pod["metadata"]["name"], "Failed")
    assert event["message"] == f"Error: {said['message']}"


async def test_unknown_image_is_reported_and_then_waited_for(pods: Pods):
    name = await pods.create({"name": "main", "image": "localhost:1/at-all:1", "imagePullPolicy": "IfNotPresent"})
    pod = await pods.until(name, lambda pod: state(pod)[1].get("reason") == "ImagePullBackOff")
    assert pod["status"]["phase"] == "Pending"
    assert state(pod)[1]["message"].startswith('Back-off pulling image "localhost:1/at-all:1": ErrImagePull: ')
    assert "localhost:1: Cannot connect to host" in state(pod)[1]["message"]
    told = await pods.events(name, lambda all: any(one["message"] == "Error: ImagePullBackOff" for one in all))
    words = [one["message"] for one in told]
    assert 'Pulling image "localhost:1/at-all:1"' in words
    assert "Error: ErrImagePull" in words
    assert 'Back-off pulling image "localhost:1/at-all:1"' in words


async def test_image_that_is_never_pulled_must_be_there(pods: Pods):
    name = await pods.create({"name": "main", "image": "nowhere", "imagePullPolicy": "Never"})
    pod = await pods.until(name, lambda pod: state(pod)[1].get("reason") == "ErrImageNeverPull")
    assert state(pod)[1]["message"] == 'Container image "nowhere" is not present with pull policy of Never'
    assert (await pods.event(name, "ErrImageNeverPull"))["type"] == "Warning"


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("hostNetwork", "UnsupportedHostNetwork"),
        ("hostPID", "UnsupportedHostPID"),
        ("hostIPC", "UnsupportedHostIPC"),
    ],
)
async def test_pod_that_wants_a_namespace_of_the_machine_is_rejected(pods: Pods, field: str, reason: str):
    pod = await pods.ended(forever(), **{field: True})
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", reason)
    assert pod["status"]["message"].startswith(f"Pod was rejected: spec.{field}: ")
    event = await pods.event(pod["metadata"]["name"], reason)
    assert f"Pod was rejected: {event['message']}" == pod["status"]["message"]


async def test_privileged_container_is_rejected(pods: Pods):
    pod = await pods.ended(forever(securityContext={"privileged": True}))
    assert (pod["status"]["phase"], pod["status"]["reason"]) == ("Failed", "UnsupportedPrivileged")
    assert "container main" in pod["status"]["message"]


async def test_pod_that_is_deleted_while_it_waits_is_gone(pods: Pods):
    name = await pods.create({"name": "main", "image": "nowhere", "imagePullPolicy": "Never"})
    await pods.until(name, lambda pod: state(pod)[0] == "waiting")
    await pods.delete(name)
    await pods.gone(name)


async def test_events_tell_of_a_pod_and_which_container_it_was(pods: Pods):
    name = await pods.ready(forever())
    told = await pods.events(name, lambda all: any(one["reason"] == "Started" for one in all))
    assert [one["reason"] for one in told] == ["Scheduled", "Pulled", "Created", "Started"]
    places = [one["involvedObject"].get("fieldPath") for one in told]
    assert places == [None, "spec.containers{main}", "spec.containers{main}", "spec.containers{main}"]
    assert {one["source"]["component"] for one in told[1:]} == {"kubelet"}
    node = (await pods.get(name))["spec"]["nodeName"]
    assert told[1]["source"]["host"] == node


async def test_status_is_read_back_as_kubectl_shows_it(pods: Pods):
    name = await pods.ready(forever())
    row = (await pods.kubectl("get", "pod", name, "--no-headers")).split()
    assert row[:4] == [name, "1/1", "Running", "0"]
    assert "Started container main" in await pods.kubectl("describe", "pod", name)
    wide = await pods.client.get(sdk.kinds.PODS.raw, name, NAMESPACE)
    assert wide["status"]["podIP"] in await pods.kubectl("get", "pod", name, "-o", "wide")


async def test_pod_with_a_readiness_gate_is_ready_when_somebody_opens_it(pods: Pods):
    name = await pods.create(forever(), readinessGates=[{"conditionType": "shop.example/open"}])
    pod = await pods.until(name, lambda pod: condition(pod, "ContainersReady").get("status") == "True")
    assert condition(pod, "Ready")["reason"] == "ReadinessGatesNotReady"
    opened = {"status": {"conditions": [{"type": "shop.example/open", "status": "True"}]}}
    options = sdk.WriteOptions(subresource="status", patch_type=sdk.PatchType.STRATEGIC)
    await pods.client.patch(sdk.kinds.PODS.raw, sdk.Key(NAMESPACE, name), opened, options)
    pod = await pods.until(name, is_ready)
    assert condition(pod, "shop.example/open")["status"] == "True"


async def test_image_name_that_can_be_none_is_reported_as_that(pods: Pods):
    name = await pods.create({"name": "main", "image": "INVALID Image"})
    pod = await pods.until(name, lambda pod: state(pod)[1].get("reason") == "InvalidImageName")
    assert state(pod)[1]["message"] == (
        'Failed to apply default image tag "INVALID Image": '
        'couldn\'t parse image name "INVALID Image": invalid reference format'
    )
    assert (await pods.event(name, "InspectFailed"))["message"] == state(pod)[1]["message"]
