"""A pod's kernel that is killed under it: containers are begun again, streams end, and events say why."""

import asyncio
import os
import select
import shutil
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from cluster import victims
from harness.cluster import detach
from podvisor import sdk
from podvisor.base.clock import SystemClock

PODS = sdk.kinds.PODS.raw
KEY = sdk.Key("default", "two")
SCRIPT = "while sleep 0.1; do echo beat; done"
SECONDS = 60


def pod() -> dict[str, Any]:
    names = ["one", "other"]
    containers = [{"name": name, "image": "host", "command": ["sh", "-c", SCRIPT]} for name in names]
    first = [{"name": "first", "image": "host", "command": ["true"]}]
    spec = {"automountServiceAccountToken": False, "initContainers": first, "containers": containers}
    return {"metadata": {"name": KEY.name}, "spec": spec}


def restarted(pod: dict[str, dict[str, list[dict[str, object]]]] | None) -> bool:
    statuses = (pod or {"status": {}})["status"].get("containerStatuses", [])
    return [(one["restartCount"], one["ready"]) for one in statuses] == [(1, True), (1, True)]


def runs(pod: dict[str, dict[str, list[dict[str, object]]]] | None) -> bool:
    statuses = (pod or {"status": {}})["status"].get("containerStatuses", [])
    return [one["ready"] for one in statuses] == [True, True]


@pytest.fixture
async def client(data: Path) -> AsyncGenerator[sdk.Client]:
    detach(data)
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([data / "admin.kubeconfig"]).access))
    account = sdk.Key("default", "default")
    clock = SystemClock()
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, clock, SECONDS)
    await client.create(PODS, pod(), "default")
    await sdk.until(client, PODS, KEY, runs, clock, SECONDS)
    yield client
    await client.close()


def kill_kernel(data: Path) -> None:
    os.kill(kernel_of(data), signal.SIGKILL)


def kernel_of(data: Path) -> int:
    """The process of the only pod's kernel."""
    server = int((data / "server.lock").read_text())
    return next(one for one in victims.of_pods(server, data) if one.what == "kernel").process.pid


async def test_its_containers_are_begun_again_and_events_and_status_say_why(client: sdk.Client, data: Path):
    kill_kernel(data)
    found = await sdk.until(client, PODS, KEY, restarted, SystemClock(), SECONDS)
    for status in found["status"]["containerStatuses"]:
        ended = status["lastState"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (137, "Error")
        assert "the pod's kernel has ended" in ended["message"]
    (first,) = found["status"]["initContainerStatuses"]
    assert (first["restartCount"], first["state"]["terminated"]["reason"]) == (1, "Completed")
    assert (await told(client)).startswith(
        "Pod sandbox changed, it will be killed and re-created: the pod's kernel has"
    )


async def test_a_kernel_that_does_not_answer_is_killed_and_its_containers_are_begun_again(
    client: sdk.Client, data: Path
):
    alive = {"exec": {"command": ["true"]}, "periodSeconds": 1, "failureThreshold": 1000}
    probed = pod()
    probed["metadata"] = {"name": "probed"}
    probed["spec"]["containers"] = [one | {"livenessProbe": alive} for one in probed["spec"]["containers"]]
    await client.delete(PODS, KEY, sdk.DeleteOptions(0))
    await sdk.until(client, PODS, KEY, lambda pod: pod is None, SystemClock(), SECONDS)
    await client.create(PODS, probed, "default")
    key = sdk.Key("default", "probed")
    await sdk.until(client, PODS, key, runs, SystemClock(), SECONDS)
    os.kill(kernel_of(data), signal.SIGSTOP)
    found = await sdk.until(client, PODS, key, restarted, SystemClock(), SECONDS)
    for status in found["status"]["containerStatuses"]:
        ended = status["lastState"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (137, "SandboxUnresponsive")
        assert "podvisor-sandbox did not answer, and was killed" in ended["message"]
    assert "did not answer" in await told(client, "SandboxUnresponsive")


async def test_nothing_of_a_pod_that_is_deleted_by_force_is_left_though_its_kernel_is_halted(
    client: sdk.Client, data: Path
):
    kernel = kernel_of(data)
    os.kill(kernel, signal.SIGSTOP)
    process = os.pidfd_open(kernel)
    await client.delete(PODS, KEY, sdk.DeleteOptions(0))
    assert await asyncio.to_thread(lambda: select.select([process], [], [], SECONDS)[0])
    os.close(process)
    server = int((data / "server.lock").read_text())
    assert [one for one in victims.of_pods(server, data) if one.process.pid == kernel or one.what == "guest"] == []


async def told(client: sdk.Client, reason: str = "SandboxChanged") -> str:
    """What the events say of the kernel's end, as soon as one does."""
    listed = await client.list(sdk.kinds.EVENTS.raw, sdk.Selection("default"))
    changes = client.watch(sdk.kinds.EVENTS.raw, listed.metadata.resource_version, sdk.Selection("default"))
    events = [*listed.items]
    while not (found := [one for one in events if one["reason"] == reason]):
        change = await asyncio.wait_for(anext(changes), SECONDS)
        if isinstance(change, sdk.Changed):
            events.append(change.object)
    return found[0]["message"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on this machine")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["exec", "two", "-c", "one", "--", "sh", "-c", SCRIPT], 1),
        (["attach", "two", "-c", "one"], 0),
        (["logs", "-f", "two", "-c", "one"], 0),
    ],
    ids=["exec", "attach", "logs"],
)
async def test_streams_of_its_containers_end(client: sdk.Client, data: Path, arguments: list[str], code: int):
    reading = await asyncio.create_subprocess_exec(
        "kubectl",
        *arguments,
        env={**os.environ, "KUBECONFIG": str(data / "admin.kubeconfig")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert reading.stdout is not None
    assert b"beat\n" in [await reading.stdout.readline() for _ in range(2)]
    kill_kernel(data)
    out, told = await asyncio.wait_for(reading.communicate(), SECONDS)
    assert reading.returncode == code, (out, told)
