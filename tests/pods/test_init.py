"""Init containers and sidecars.

https://kubernetes.io/docs/concepts/workloads/pods/init-containers/ and .../sidecar-containers/
"""

import pytest

from pods.kit import NAMESPACE, Json, Pods, condition, container, forever, has_ended, is_ready, runs, state, status
from podvisor import sdk

SHARED = {"volumes": [{"name": "shared", "emptyDir": {}}]}
MOUNT = [{"name": "shared", "mountPath": "/shared"}]


def writing(text: str, name: str, then: str = "true") -> Json:
    """A container that adds a line to a file that all containers of its pod see."""
    return container(f"echo {text} >> /shared/lines; {then}", name, volumeMounts=MOUNT)


def sidecar(name: str, last: str = "true", **more: object) -> Json:
    """A sidecar that adds a line when it is asked to end."""
    script = f"trap 'echo {name} >> /shared/lines; {last}; exit 0' TERM; touch /shared/up-{name}; sleep infinity & wait"
    return container(script, name, restartPolicy="Always", volumeMounts=MOUNT, **more)


async def test_init_containers_run_one_after_the_other_before_the_others(pods: Pods):
    first, second = writing("one", "first", "sleep 0.2; echo end >> /shared/lines"), writing("two", "second")
    told = await pods.output(
        "cat /shared/lines", container={"volumeMounts": MOUNT}, initContainers=[first, second], **SHARED
    )
    assert told.split() == ["one", "end", "two"]


async def test_main_containers_wait_and_say_so_while_the_pod_initializes(pods: Pods):
    name = await pods.create(forever(), initContainers=[forever("first"), container("true", "second")])
    pod = await pods.until(name, runs("first"))
    assert pod["status"]["phase"] == "Pending"
    assert state(pod, "main") == ("waiting", {"reason": "PodInitializing"})
    assert state(pod, "second") == ("waiting", {"reason": "PodInitializing"})
    told = condition(pod, "Initialized")
    assert (told["status"], told["reason"]) == ("False", "ContainersNotInitialized")
    assert told["message"] == "containers with incomplete status: [first second]"
    assert "Init:0/2" in await pods.kubectl("get", "pod", name)


async def test_init_containers_that_are_through_stay_in_the_status(pods: Pods):
    pod = await pods.get(await pods.ready(forever(), initContainers=[container("true", "first")]))
    assert (state(pod, "first")[1]["reason"], status(pod, "first")["ready"]) == ("Completed", True)
    assert status(pod, "first")["restartCount"] == 0


async def test_failing_init_container_fails_a_pod_that_is_never_restarted(pods: Pods):
    pod = await pods.ended(container("true"), initContainers=[container("exit 7", "first")])
    assert pod["status"]["phase"] == "Failed"
    assert state(pod, "first")[1]["exitCode"] == 7
    assert state(pod, "main") == ("waiting", {"reason": "PodInitializing"})
    assert "Init:Error" in await pods.kubectl("get", "pod", pod["metadata"]["name"])


@pytest.mark.parametrize("policy", ["Always", "OnFailure"])
async def test_failing_init_container_is_tried_again_where_the_pod_is(pods: Pods, policy: str):
    failing = writing("tried", "first", "test $(wc -l < /shared/lines) = 2")
    name = await pods.create(forever(), initContainers=[failing], restartPolicy=policy, **SHARED)
    pod = await pods.until(name, is_ready)
    assert (status(pod, "first")["restartCount"], state(pod, "first")[1]["exitCode"]) == (1, 0)


async def test_sidecar_starts_before_the_main_containers_and_runs_beside_them(pods: Pods):
    main = forever(volumeMounts=MOUNT)
    pod = await pods.get(await pods.ready(main, initContainers=[sidecar("side"), container("true", "after")], **SHARED))
    assert (state(pod, "side")[0], status(pod, "side")["ready"], status(pod, "side")["started"]) == (
        "running",
        True,
        True,
    )
    assert "2/2" in await pods.kubectl("get", "pod", pod["metadata"]["name"])


async def test_main_containers_wait_for_the_startup_probe_of_a_sidecar(pods: Pods):
    probe = {"exec": {"command": ["test", "-e", "/shared/go"]}, "periodSeconds": 1, "failureThreshold": 100}
    name = await pods.create(forever(), initContainers=[sidecar("side", startupProbe=probe)], **SHARED)
    pod = await pods.until(name, runs("side"))
    assert (status(pod, "side")["started"], state(pod, "main")[0]) == (False, "waiting")
    assert (await pods.sh(name, "touch /shared/go", within="side")).code == 0
    await pods.until(name, is_ready)


async def test_sidecars_end_after_the_main_containers_in_reverse_order(pods: Pods):
    up = "until test -e /shared/up-one -a -e /shared/up-two -a -e /shared/up-three; do sleep 0.1; done"
    main = container(f"{up}; echo main >> /shared/lines", volumeMounts=MOUNT)
    last = sidecar("one", "cat /shared/lines > /dev/termination-log")
    pod = await pods.ended(main, initContainers=[last, sidecar("two"), sidecar("three")], **SHARED)
    assert pod["status"]["phase"] == "Succeeded"
    assert state(pod, "one")[1]["message"].split() == ["main", "three", "two", "one"]


async def test_sidecar_that_ends_is_started_again_whatever_the_pods_policy(pods: Pods):
    side = container("exit 0", "side", restartPolicy="Always")
    name = await pods.create(forever(), initContainers=[side])
    pod = await pods.until(name, lambda pod: status(pod, "side").get("restartCount", 0) >= 1)
    assert pod["status"]["phase"] != "Failed"


async def test_job_with_a_sidecar_completes(pods: Pods):
    template = {
        "restartPolicy": "Never",
        "containers": [container("true")],
        "initContainers": [sidecar("side")],
        **SHARED,
    }
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": template}}}
    name = await pods.object(sdk.kinds.JOBS, job)
    await pods.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=20s")
    await pods.client.delete(
        sdk.kinds.JOBS, sdk.Key(NAMESPACE, name), sdk.DeleteOptions(propagation_policy="Background")
    )


async def test_exit_of_a_main_container_is_told_while_the_sidecars_still_end(pods: Pods):
    slow = container("trap 'sleep 100' TERM; sleep infinity & wait", "side", restartPolicy="Always")
    name = await pods.create(container("true"), initContainers=[slow], terminationGracePeriodSeconds=60)
    pod = await pods.until(name, has_ended())
    assert (pod["status"]["phase"], state(pod, "side")[0]) == ("Running", "running")
