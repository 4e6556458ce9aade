"""Logs, exec and attach: relayed to the node that the pod is on."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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


async def spoken(api: Api, command: str, *protocols: str, says: bytes | str = b"") -> tuple[str | None, list[object]]:
    """What a command and a client of these subprotocols tell each other: the chosen one, and all messages."""
    address = f"{api.address}{PODS}/one/exec?command={command}&container=main&stdin=1&stdout=1&stderr=1"
    async with api.session.ws_connect(address, protocols=protocols) as socket:
        if isinstance(says, str):
            await socket.send_str(says)
        elif says:
            await socket.send_bytes(says)
        heard: list[object] = []
        async for message in socket:
            heard.append(message.data)
            if message.data in (b"\x01word", "1d29yZA=="):
                break
        return socket.protocol, heard


FAILURE = b"command terminated with non-zero exit code: exit status 3"


@pytest.mark.usefixtures("on_node")
@pytest.mark.parametrize("name", ["channel.k8s.io", ""])
async def test_clients_of_old_subprotocols_get_words_and_no_status(api: Api, name: str) -> None:
    protocols = (name,) if name else ()
    assert await spoken(api, "true", *protocols) == (name or None, [b"\x01true\n"])
    assert await spoken(api, "fail", *protocols) == (name or None, [b"\x01fail\n", b"\x03" + FAILURE])
    assert (await spoken(api, "cat", *protocols, says=b"\x00word"))[1] == [b"\x01cat\n", b"\x01word"]


@pytest.mark.usefixtures("on_node")
async def test_browsers_speak_base64(api: Api) -> None:
    name = "base64.channel.k8s.io"
    failed = "3" + base64.b64encode(FAILURE).decode()
    assert await spoken(api, "fail", "v1.other", name) == (name, ["1ZmFpbAo=", failed])
    assert (await spoken(api, "cat", name, says="0d29yZA=="))[1] == ["1Y2F0Cg==", "1d29yZA=="]
    assert (await spoken(api, "cat", name, says="0!"))[1] == ["1Y2F0Cg=="]
    newer = "v4.base64.channel.k8s.io"
    chosen, heard = await spoken(api, "true", newer, name)
    assert (chosen, heard[0]) == (newer, "1dHJ1ZQo=")
    assert orjson.loads(base64.b64decode(str(heard[1])[1:]))["status"] == "Success"


@pytest.mark.usefixtures("on_node")
@pytest.mark.parametrize(
    ("name", "decoded"), [("binary.k8s.io", bytes), ("base64.binary.k8s.io", base64.b64decode), ("", bytes)]
)
async def test_logs_travel_through_websockets(api: Api, name: str, decoded: Callable[[Any], bytes]) -> None:
    address = f"{api.address}{PODS}/one/log?container=main"
    async with api.session.ws_connect(address, protocols=(name,) if name else ()) as socket:
        heard = [message.data async for message in socket]
    assert (socket.protocol, decoded(heard[0])) == (name or None, b"")
    assert b"".join(map(decoded, heard)) == b"main {}\nsecond\n"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await api.session.ws_connect(address, protocols=["v1.other"])
