"""A whole cluster where the host allows no namespaces: filters and Landlock hold, and nothing outlives its kernel."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cluster import victims
from harness import leftovers, modes
from harness.cluster import command
from harness.runners import podvisor
from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.cluster.directory import Directory
from podvisor.sdk.exec import execute

Json = dict[str, Any]
PODS = sdk.kinds.PODS.raw
POD = sdk.Key("default", "pod")
CLOCK = SystemClock()
SECONDS = 60
BUSY = "print('busy', flush=True)\nwhile True: pass"
FORKED = f"(trap '' TERM; while :; do sleep 1000; done) & /usr/bin/python3 -c \"{BUSY}\" & wait"

WITHOUT = modes.WITHOUT_NAMESPACES.before

pytestmark = pytest.mark.skipif(
    not modes.WITHOUT_NAMESPACES.possible, reason="this machine cannot take namespaces from a process"
)


def up(data: Path) -> int:
    """Start a cluster that can have no namespaces; the number of its process."""
    started = subprocess.run(
        [*WITHOUT, podvisor(), "up", "--data-dir", data, "--port", "0", "--detach"], capture_output=True, text=True
    )
    assert (started.returncode, started.stderr) == (0, "")
    assert "works, without namespaces: filters and Landlock" in started.stdout
    pid = Directory(data).holder()
    assert pid
    return pid


def restarts(pod: Json | None) -> int | None:
    """How often its container has been restarted; None where it does not run."""
    statuses = pod["status"].get("containerStatuses", []) if pod else []
    return next((one["restartCount"] for one in statuses if one["ready"]), None)


async def run_pod(data: Path) -> sdk.Client:
    """Have a pod run, with a busy and a deaf process in it."""
    access = sdk.kubeconfig.load([data / "admin.kubeconfig"]).access
    client = sdk.Client(sdk.HttpTransport(access))
    account = sdk.Key("default", "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, SECONDS)
    container = {"name": "main", "image": "host", "command": ["bash", "-c", FORKED]}
    await client.create(PODS, {"metadata": {"name": POD.name}, "spec": {"containers": [container]}}, POD.namespace)
    await sdk.until(client, PODS, POD, lambda pod: restarts(pod) == 0, CLOCK, SECONDS)
    async with asyncio.timeout(SECONDS):
        while b"busy" not in await client.read(PODS.path(POD.namespace, POD.name, "log")):
            continue
    return client


async def test_pods_run_and_are_taken_down(data: Path):
    server = up(data)
    client = await run_pod(data)
    access = sdk.kubeconfig.load([data / "admin.kubeconfig"]).access
    done = await execute(access, POD, ["sh", "-c", "cat /etc/shadow 2>/dev/null; echo $((6 * 7)) | cat"])
    assert (done.exit_code, done.stdout) == (0, "42\n")
    await client.close()
    everything = leftovers.processes_below(server)
    down = await asyncio.to_thread(command, "down", "--data-dir", data)
    assert down.returncode == 0
    assert leftovers.left(everything, leftovers.things())[0] == []


async def test_no_guest_outlives_a_kernel_that_is_killed(data: Path):
    server = up(data)
    client = await run_pod(data)
    first = [one.process for one in victims.of_pods(server, data)]
    os.kill(first[0].pid, signal.SIGKILL)
    await sdk.until(client, PODS, POD, lambda pod: restarts(pod) == 1, CLOCK, SECONDS)
    assert leftovers.left(first, leftovers.things())[0] == []
    await client.close()


async def test_down_ends_the_guests_of_a_cluster_that_was_killed(data: Path):
    server = up(data)
    client = await run_pod(data)
    await client.close()
    everything = leftovers.processes_below(server)
    os.kill(server, signal.SIGKILL)
    down = await asyncio.to_thread(command, "down", "--data-dir", data)
    assert down.returncode == 0
    assert down.stdout.startswith(f"the server on {data} had been killed; ")
    assert leftovers.left(everything, leftovers.things())[0] == []
