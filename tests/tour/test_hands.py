"""Our own client does for the tour what kubectl does; kubectl's words are passed on."""

import re
from pathlib import Path

import pytest

from podvisor import sdk
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory import MemoryApi
from podvisor.tour.hands import Kubectl, OwnClient
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import EXAMPLES


@pytest.fixture
def client(clock: VirtualClock) -> sdk.Client:
    return sdk.Client(MemoryApi(clock), clock=clock)


@pytest.fixture
def own(client: sdk.Client) -> OwnClient:
    return OwnClient(client, sdk.Access("https://127.0.0.1:1"))


async def test_every_object_of_a_manifest_is_created(own: OwnClient, client: sdk.Client) -> None:
    await own.apply(EXAMPLES / "config.yaml")
    found = [
        await client.get(kind.partial, name, "default")
        for kind, name in (
            (sdk.kinds.CONFIGMAPS, "settings"),
            (sdk.kinds.SECRETS, "credentials"),
            (sdk.kinds.PODS, "config"),
        )
    ]
    assert [one.metadata.namespace for one in found] == ["default"] * 3


async def test_what_is_there_is_made_as_the_manifest_says(own: OwnClient, client: sdk.Client) -> None:
    await own.apply(EXAMPLES / "web.yaml")
    await own.scale("web", 5)
    assert (await client.get(sdk.kinds.DEPLOYMENTS, "web", "default")).spec.replicas == 5
    await own.apply(EXAMPLES / "web.yaml")
    assert (await client.get(sdk.kinds.DEPLOYMENTS, "web", "default")).spec.replicas == 3


async def test_a_kind_that_the_server_lacks_is_named(own: OwnClient, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}")
    with pytest.raises(Wrong, match=r"no Widget in example\.com/v1"):
        await own.apply(tmp_path / "w.yaml")


async def test_kubectls_refusal_is_passed_on_in_its_words(tmp_path: Path) -> None:
    binary = tmp_path / "kubectl"
    binary.write_text('#!/bin/sh\necho "error: $KUBECONFIG: no such host" >&2\nexit 1\n')
    binary.chmod(0o755)
    kubectl = Kubectl(str(binary), tmp_path / "config", tmp_path / "cache")
    with pytest.raises(Wrong, match=f"^kubectl apply: error: {re.escape(str(tmp_path))}/config: no such host$"):
        await kubectl.apply(EXAMPLES / "web.yaml")
