"""One cluster for all tests of this folder: `podvisor up --detach`, and `down` when they are through."""

import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from pods.kit import CLOCK, NAMESPACE, Kubectl, Pods
from podvisor import sdk

PODVISOR = [sys.executable, "-m", "podvisor"]


FULL_DISK = "podvisor.node.image_collection"
"""Who may complain where the disk of the machine that tests is full; the tests of other rooms look at that."""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of this machine that hostPath volumes may show."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Generator[Path]:
    """A cluster that runs."""
    data = tmp_path_factory.mktemp("cluster")
    arguments = ["--data-dir", data, "--port", "0", "--detach", "--egress", "none", "--allow-host-path", shared]
    subprocess.run([*PODVISOR, "up", *arguments], check=True, capture_output=True)
    yield data / "admin.kubeconfig"
    subprocess.run([*PODVISOR, "down", "--data-dir", data], check=True, capture_output=True)
    told = (data / "podvisor.log").read_text().splitlines()
    assert [line for line in told if " INFO " not in line and FULL_DISK not in line] == []


@pytest.fixture
async def client(kubeconfig: Path) -> AsyncGenerator[sdk.Client]:
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([kubeconfig]).access))
    account = sdk.Key(NAMESPACE, "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, 20)
    yield client
    await client.close()


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    binary = shutil.which("kubectl")
    if binary is None:
        pytest.skip("there is no kubectl on this machine")
    return Kubectl(binary, kubeconfig)


@pytest.fixture
async def pods(client: sdk.Client, kubectl: Kubectl) -> AsyncGenerator[Pods]:
    pods = Pods(client, kubectl)
    yield pods
    await pods.clean()
