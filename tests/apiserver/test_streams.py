"""Logs, exec and attach: relayed to the node that the pod is on."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest

from apiserver import authority, kubelet
from apiserver.conftest import Api, Kubectl, serving
from apiserver.samples import PODS, pod
from podvisor.apiserver import Api as Server
from podvisor.apiserver import Settings, access, app, http_server
from podvisor.apiserver.resource import Json
from podvisor.apiserver.streams.nowhere import Nowhere
from podvisor.base.clock import SystemClock
from podvisor.base.http import Answer, Stream
from podvisor.store.backend import Backend

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


class Silent(Nowhere):
    """Nodes whose logs begin and then stand still."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    @asynccontextmanager
    async def get(self, node: Json, path: str, query: Mapping[str, str]) -> AsyncGenerator[Answer]:
        async def chunks() -> AsyncGenerator[bytes]:
            yield b"first\n"
            await asyncio.Event().wait()

        try:
            yield Answer(body=Stream(chunks()))
        finally:
            self.left.set()


async def test_a_follower_who_goes_is_noticed_though_nothing_is_written(
    store: Backend, ca: authority.Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "LOOK", 0.01)
    nodes = Silent()
    server = Server(Settings(), store, access.Access([access.ClientCertificates()]), SystemClock(), nodes=nodes)
    async with serving(app(server), ca, tmp_path) as port:
        connector = aiohttp.TCPConnector(ssl=ca.client_context(tmp_path))
        async with aiohttp.ClientSession(connector=connector) as session:
            api = Api(session, f"https://127.0.0.1:{port}")
            await api.post("/api/v1/nodes", {"metadata": {"name": "n1"}})
            await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
            await api.post(PODS, pod())
            await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
            async with session.get(f"{api.address}{PODS}/one/log?follow=true") as answer:
                assert await answer.content.readline() == b"first\n"
        async with asyncio.timeout(10):
            await nodes.left.wait()
