"""Restart policies, and the wait between restarts.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""

import pytest

from pods.kit import Pods, container, state, status, waits_for


def restarted(pod: dict[str, object]) -> bool:
    return status(pod).get("restartCount", 0) >= 1


@pytest.mark.parametrize(("policy", "code"), [("Always", 0), ("Always", 1), ("OnFailure", 1)])
async def test_container_is_started_again(pods: Pods, policy: str, code: int):
    name = await pods.create(container(f"exit {code}"), restartPolicy=policy)
    pod = await pods.until(name, restarted)
    assert status(pod)["lastState"]["terminated"]["exitCode"] == code
    assert pod["status"]["phase"] == "Running"


@pytest.mark.parametrize(
    ("policy", "code", "phase"), [("OnFailure", 0, "Succeeded"), ("Never", 0, "Succeeded"), ("Never", 1, "Failed")]
)
async def test_container_is_not_started_again(pods: Pods, policy: str, code: int, phase: str):
    pod = await pods.ended(container(f"exit {code}"), restartPolicy=policy)
    assert (pod["status"]["phase"], status(pod)["restartCount"]) == (phase, 0)


async def test_crashing_container_waits_longer_and_longer(pods: Pods):
    name = await pods.create(container("exit 4"), restartPolicy="Always")
    pod = await pods.until(name, waits_for("CrashLoopBackOff"))
    full = f"{name}_default({pod['metadata']['uid']})"
    assert state(pod)[1]["message"] == f"back-off 10s restarting failed container=main pod={full}"
    assert status(pod)["lastState"]["terminated"]["exitCode"] == 4
    assert status(pod)["restartCount"] == 1
    event = await pods.event(name, "BackOff")
    assert event["message"] == f"Back-off restarting failed container main in pod {full}"
    assert event["involvedObject"]["fieldPath"] == "spec.containers{main}"
    assert "CrashLoopBackOff" in await pods.kubectl("get", "pod", name)


async def test_what_a_container_left_in_memory_is_gone_after_its_restart_and_in_volumes_is_not(pods: Pods):
    script = (
        "touch /root-file /kept/file; ls /root-file* /kept; test -e /kept/second && exit 0; touch /kept/second; exit 1"
    )
    volume = {"volumes": [{"name": "kept", "emptyDir": {}}]}
    mounts = [{"name": "kept", "mountPath": "/kept"}]
    before = "test -e /root-file && echo left behind; "
    pod = await pods.ended(container(before + script, volumeMounts=mounts), restartPolicy="OnFailure", **volume)
    assert (await pods.logs(pod["metadata"]["name"])).split() == ["/root-file", "/kept:", "file", "second"]


async def test_container_over_its_memory_limit_is_killed_and_says_why(pods: Pods):
    script = "exec python3 -c 'x = bytearray(1 << 30)'"
    pod = await pods.ended(container(script, resources={"limits": {"memory": "64Mi"}}))
    assert (state(pod)[1]["reason"], state(pod)[1]["exitCode"]) == ("OOMKilled", 137)
