"""What becomes of pods when their server is killed, or taken down, and another one is started."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cluster import kept
from harness import leftovers
from harness.cluster import command, detach
from podvisor import sdk
from podvisor.base.clock import SystemClock

Json = dict[str, Any]
SECONDS = 60
DEAF = "trap '' TERM INT HUP; while :; do sleep 1000; done"
COUNT = 12


@asynccontextmanager
async def client(data: Path) -> AsyncGenerator[sdk.Client]:
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([data / "admin.kubeconfig"]).access))
    account = sdk.Key("default", "default")
    try:
        clock = SystemClock()
        await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, clock, SECONDS)
        yield client
    finally:
        await client.close()


def template(restart: str) -> Json:
    container = {"name": "main", "image": "host", "command": ["bash", "-c", DEAF]}
    return {"metadata": {"labels": {"app": "deaf"}}, "spec": {"restartPolicy": restart, "containers": [container]}}


def end(data: Path, server: int, how: str) -> None:
    """End the server one way or the other."""
    if how == "killed":
        os.kill(server, signal.SIGKILL)
    assert command("down", "--data-dir", data).returncode == 0


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_pods_that_ignore_every_signal_end_with_it_and_run_again(data: Path, how: str):
    server = detach(data)
    spec = {"replicas": COUNT, "selector": {"matchLabels": {"app": "deaf"}}, "template": template("Always")}
    async with client(data) as api:
        await api.create(kept.DEPLOYMENTS, {"metadata": {"name": "deaf"}, "spec": spec}, "default")
        before = await kept.until(api, lambda pods: len(pods) == COUNT and all(map(kept.runs, pods.values())))
    everything = leftovers.processes_below(server)
    end(data, server, how)
    assert leftovers.left(everything, leftovers.things())[0] == []
    detach(data)
    async with client(data) as api:
        after = await kept.until(api, lambda pods: all(kept.runs(pod) and kept.restarts(pod) for pod in pods.values()))
    assert after.keys() == before.keys()


async def test_a_job_makes_another_pod_for_one_that_was_lost(data: Path):
    server = detach(data)
    async with client(data) as api:
        job = {"metadata": {"name": "lost"}, "spec": {"template": template("Never")}}
        await api.create(sdk.kinds.JOBS.raw, job, "default")
        (uid,) = await kept.until(api, lambda pods: len(pods) == 1 and all(map(kept.runs, pods.values())))
    end(data, server, "killed")
    detach(data)
    async with client(data) as api:
        pods = await kept.until(api, lambda pods: len(pods) == 2 and sum(map(kept.runs, pods.values())) == 1)
    assert kept.failed(pods[uid])
