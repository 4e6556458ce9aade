"""Logs, exec and attach: relayed to the node that the pod is on."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import orjson
import pytest

from apiserver import authority, kubelet
from apiserver.conftest import Api, Kubectl, serving
from apiserver.samples import PODS, pod

FIRST, SECOND = {"name": "main", "image": "x"}, {"name": "side", "image": "x"}


@pytest.fixture
async def on_node(api: Api, ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[None]:
    """A pod `one` of two containers on a node with a server of its own."""
    async with serving(kubelet.app(), ca, tmp_path) as port:
        node = {"metadata": {"name": "n1"}, "status": kubelet.addresses(port)}
        await api.post("/api/v1/nodes", node)
        await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
        await api.post(PODS, pod(containers=[FIRST, SECOND]))
        await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
        yield


@pytest.mark.usefixtures("on_node")
async def test_logs_come_from_the_node(api: Api) -> None:
    reply = await api.get(f"{PODS}/one/log?container=main&tailLines=5&timestamps=true&pretty=1")
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.body == b"main {'timestamps': 'true', 'tailLines': '5'}\nsecond\n"


@pytest.mark.usefixtures("on_node")
async def test_a_container_must_be_known(api: Api) -> None:
    unnamed = await api.get(f"{PODS}/one/log")
    assert unnamed.message == "a container name must be specified for pod one, choose one of: [main side]"
    unknown = await api.get(f"{PODS}/one/log?container=none")
    assert unknown.message == "container none is not valid for pod one"
    waiting = await api.get(f"{PODS}/one/log?container=side")
    assert (waiting.code, waiting.body["reason"]) == (400, "BadRequest")
    assert "is waiting to start" in waiting.message
    assert (await api.get(f"{PODS}/one/log?container=main&tailLines=-1")).code == 422


@pytest.mark.usefixtures("on_node")
async def test_kubectl_reads_logs_and_runs_commands(kubectl: Kubectl) -> None:
    assert "second" in await kubectl("logs", "one", "-c", "main", "--tail=3")
    assert await kubectl("exec", "one", "-c", "main", "--", "say", "it") == "say it\n"
    assert "hello" in await kubectl("exec", "-i", "one", "-c", "main", "--", "cat", given="hello")
    refused = await kubectl("exec", "one", "-c", "main", "--", "fail", code=3)
    assert "exit code 3" in refused


async def test_a_node_that_is_away_is_named(api: Api) -> None:
    await api.post("/api/v1/nodes", {"metadata": {"name": "n1"}})
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    await api.post(PODS, pod())
    assert (await api.get(f"{PODS}/one/log")).body == b""
    unbound = await api.get(f"{PODS}/one/exec?command=x", Upgrade="websocket", Connection="Upgrade")
    assert unbound.message == "pod one does not have a host assigned"
    await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
    lost = await api.get(f"{PODS}/one/log")
    assert (lost.code, lost.message) == (503, "node n1 does not say where its server listens")
    stream = f"{api.address}{PODS}/one/exec?command=x"
    async with api.session.ws_connect(stream, protocols=["v5.channel.k8s.io"]) as told:
        message = await told.receive_bytes()
    assert message[0] == 3
    assert orjson.loads(message[1:])["message"] == lost.message


@pytest.mark.usefixtures("on_node")
async def test_only_websockets_are_spoken(api: Api) -> None:
    refused = await api.post(f"{PODS}/one/exec?command=x&container=main", None)
    assert (refused.code, refused.body["reason"]) == (400, "BadRequest")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await api.session.ws_connect(f"{api.address}{PODS}/one/exec?command=x&container=main", protocols=["v1.other"])
