"""Images on a cluster of one's own, as whoever installed podvisor: pulled, kept under another name, run and removed."""

import asyncio
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import modes
from harness import registry as registries
from harness.cluster import command
from harness.runners import podvisor
from podvisor import sdk
from podvisor.base.clock import SystemClock

PODS = sdk.kinds.PODS.raw
CLOCK = SystemClock()
SECONDS = 60
SAYS = (
    "--config.entrypoint=/bin/sh",
    "--config.entrypoint=-c",
    "--config.cmd=id -un; cat /marker",
    "--config.user=app",
)
WITHOUT = pytest.param(
    modes.WITHOUT_NAMESPACES.before,
    marks=pytest.mark.skipif(
        not modes.WITHOUT_NAMESPACES.possible, reason="this machine cannot take namespaces from a process"
    ),
    id="without-namespaces",
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory):
    """The name of an image at a registry."""
    work = tmp_path_factory.mktemp("image")
    with registries.served(tmp_path_factory.mktemp("registry")) as registry:
        yield registry.push(registries.layout(work, registries.busybox_tree(work / "tree"), *SAYS), "team/app", tag="1")


async def ran(client: sdk.Client, name: str, image: str) -> str:
    """What a pod of an image says to its end."""
    key = sdk.Key("default", name)
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}
    await client.create(PODS, {"metadata": {"name": name}, "spec": spec}, key.namespace)
    phase = "Succeeded"
    await sdk.until(client, PODS, key, lambda pod: bool(pod) and pod["status"].get("phase") == phase, CLOCK, SECONDS)
    return (await client.read(PODS.path(key.namespace, name, "log"))).decode()


@pytest.mark.parametrize("before", [pytest.param((), id="as-it-is"), WITHOUT])
async def test_pods_run_images_that_are_pulled_kept_and_removed(data: Path, image: str, before: Sequence[str]):
    started = [*before, podvisor(), "up", "--data-dir", data, "--port", "0", "--detach"]
    assert (await asyncio.to_thread(subprocess.run, started, check=False)).returncode == 0
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([data / "admin.kubeconfig"]).access))
    account = sdk.Key("default", "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, SECONDS)
    assert await ran(client, "pulled", image) == "app\nthis image\n"
    images = ("image", "--data-dir", str(data))
    assert command(*images, "tag", image, "mine:1").returncode == 0
    assert command(*images, "rm", image).returncode == 0
    assert json.loads(command(*images, "prune", "-o", "json").stdout) == {"freed": 0}
    assert await ran(client, "kept", "mine:1") == "app\nthis image\n"
    await client.close()
    assert command(*images, "rm", "mine:1").returncode == 0
    assert json.loads(command(*images, "prune", "-o", "json").stdout)["freed"] > 0
