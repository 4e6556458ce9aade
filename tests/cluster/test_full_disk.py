"""A disk that fills up: writes are refused and say so, reads and pods go on, and with room everything works again."""

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from harness.cluster import command, detach
from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.sdk.exec import execute

Json = dict[str, Any]
PODS, CONFIG_MAPS = sdk.kinds.PODS.raw, sdk.kinds.CONFIGMAPS.raw
CLOCK = SystemClock()
SECONDS = 60
POD = sdk.Key("default", "writer")
SCRIPT = (
    "while :; do head -c 4096 /dev/zero | tr '\\0' x; echo; head -c 4096 /dev/zero >>/volume/file; sleep 0.01; done"
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A small disk with a cluster on it."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", place], check=True)
    try:
        detach(place / "data")
        yield place
        assert command("down", "--data-dir", place / "data").returncode == 0
    finally:
        subprocess.run(["umount", place], check=True)


def pod(name: str) -> Json:
    """A pod that writes to its log and its volume, whether they take it or not."""
    container = {"name": "main", "image": "host", "command": ["bash", "-c", SCRIPT]}
    container["volumeMounts"] = [{"name": "v", "mountPath": "/volume"}]
    return {"metadata": {"name": name}, "spec": {"containers": [container], "volumes": [{"name": "v", "emptyDir": {}}]}}


def config_map(number: int) -> Json:
    return {"metadata": {"name": f"filler-{number}"}, "data": {"k": "x" * 200_000}}


def runs(pod: Json | None) -> bool:
    """Whether it runs, and has never ended."""
    statuses = pod["status"].get("containerStatuses", []) if pod else []
    return [(one["ready"], one["restartCount"]) for one in statuses] == [(True, 0)]


def fill(place: Path) -> None:
    """Leave no room."""
    with (place / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 65536):
            continue


async def create_many(client: sdk.Client) -> None:
    """More than fits into what the store has left in its own file."""
    for number in range(1000):
        await client.create(CONFIG_MAPS, config_map(number), "default")


@pytest.fixture
async def client(disk: Path) -> AsyncGenerator[sdk.Client]:
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([disk / "data" / "admin.kubeconfig"]).access))
    account = sdk.Key("default", "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, SECONDS)
    yield client
    await client.close()


async def test_a_full_disk_refuses_writes_and_nothing_else(client: sdk.Client, disk: Path):
    access = sdk.kubeconfig.load([disk / "data" / "admin.kubeconfig"]).access
    await client.create(PODS, pod(POD.name), "default")
    await sdk.until(client, PODS, POD, runs, CLOCK, SECONDS)
    await asyncio.to_thread(fill, disk)
    with pytest.raises(sdk.errors.ApiError, match="No space left on device"):
        await create_many(client)
    assert runs(await client.get(PODS, POD.name, POD.namespace))
    done = await execute(access, POD, ["sh", "-c", "echo more >/volume/more || echo refused; echo here >/tmp/here"])
    assert (done.exit_code, done.stdout) == (0, "refused\n")
    (disk / "filler").unlink()
    await client.create(PODS, pod("later"), "default")
    await sdk.until(client, PODS, sdk.Key("default", "later"), runs, CLOCK, SECONDS)
    done = await execute(access, POD, ["sh", "-c", "echo more >/volume/more && cat /volume/more /tmp/here"])
    assert (done.exit_code, done.stdout) == (0, "more\nhere\n")
    assert runs(await client.get(PODS, POD.name, POD.namespace))
