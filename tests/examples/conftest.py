"""One cluster for all examples, and whoever acts on it: kubectl where there is one."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from harness import registry as registries
from podvisor.base.clock import SystemClock
from podvisor.cluster.directory import Directory
from podvisor.tour.screen import Screen
from podvisor.tour.stage import Stage, opened

PODVISOR = [sys.executable, "-m", "podvisor"]


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Generator[Directory]:
    """The data directory of a cluster that runs."""
    data = Directory(tmp_path_factory.mktemp("examples") / "data")
    place = ["--data-dir", str(data.root)]
    started = subprocess.run([*PODVISOR, "up", *place, "--port", "0", "--detach"], capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    yield data
    subprocess.run([*PODVISOR, "down", *place], check=True, capture_output=True)


@pytest.fixture
async def stage(directory: Directory) -> AsyncGenerator[Stage]:
    clock = SystemClock()
    stage = opened(Screen(clock, terminal=False), clock, directory, own_client=False)
    yield stage
    await stage.client.close()


@pytest.fixture
def like_redis(tmp_path: Path) -> Path:
    """An OCI layout with a server that notes its start, and a client of redis' name that is content with it."""
    tree = registries.busybox_tree(tmp_path / "tree")
    client = tree / "bin/redis-cli"
    client.write_text("#!/bin/sh\ncat /data/started\n")
    client.chmod(0o755)
    started = "echo yes >/data/started; sleep infinity"
    says = ("--config.entrypoint=/bin/sh", "--config.entrypoint=-c", f"--config.cmd={started}", "--config.user=app")
    return registries.layout(tmp_path, tree, *says)


def manifests() -> list[Path]:
    """Every example of the checkout."""
    return sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
