"""A pod's kernel that is killed under it: containers are begun again, streams end, and events say why."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from cluster import victims
from harness.cluster import detach
from podvisor import sdk
from podvisor.base.clock import SystemClock

PODS = sdk.kinds.PODS.raw
KEY = sdk.Key("default", "two")
SCRIPT = "while sleep 0.1; do echo beat; done"
SECONDS = 60


def pod() -> dict[str, object]:
    names = ["one", "other"]
    containers = [{"name": name, "image": "host", "command": ["sh", "-c", SCRIPT]} for name in names]
    return {"metadata": {"name": KEY.name}, "spec": {"automountServiceAccountToken": False, "containers": containers}}


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
    server = int((data / "server.lock").read_text())
    kernel = next(one for one in victims.of_pods(server, data) if one.what == "kernel")
    os.kill(kernel.process.pid, signal.SIGKILL)


async def test_its_containers_are_begun_again_and_events_and_status_say_why(client: sdk.Client, data: Path):
    kill_kernel(data)
    found = await sdk.until(client, PODS, KEY, restarted, SystemClock(), SECONDS)
    for status in found["status"]["containerStatuses"]:
        ended = status["lastState"]["terminated"]
        assert (ended["exitCode"], ended["reason"]) == (137, "Error")
        assert "the pod's kernel has ended" in ended["message"]
    assert (await told(client)).startswith(
        "Pod sandbox changed, it will be killed and re-created: the pod's kernel has"
    )


async def told(client: sdk.Client) -> str:
    """What the events say of the kernel's end, as soon as one does."""
    listed = await client.list(sdk.kinds.EVENTS.raw, sdk.Selection("default"))
    changes = client.watch(sdk.kinds.EVENTS.raw, listed.metadata.resource_version, sdk.Selection("default"))
    events = [*listed.items]
    while not (found := [one for one in events if one["reason"] == "SandboxChanged"]):
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
