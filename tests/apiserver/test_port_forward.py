"""pods/portforward: the three ways in, each joined with the node's one."""

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from apiserver import authority, kubelet, spdy_client
from apiserver.conftest import Api, serving
from apiserver.samples import PODS, pod
from podvisor.apiserver.streams import forwarding

FORWARD = f"{PODS}/one/portforward"
PROTOCOL = "portforward.k8s.io"
TUNNEL = f"SPDY/3.1+{PROTOCOL}"
REFUSED = b"error forwarding port 9 to pod one_default, uid %s: dial tcp4 127.0.0.1:9: connect: connection refused"


@pytest.fixture
def tls(ca: authority.Authority, tmp_path: Path) -> ssl.SSLContext:
    return ca.client_context(tmp_path)


@pytest.fixture
async def uid(api: Api, ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[str]:
    """That of a pod `one` on a node with a server of its own."""
    async with serving(kubelet.app(), ca, tmp_path) as port:
        await api.post("/api/v1/nodes", {"metadata": {"name": "n1"}, "status": kubelet.addresses(port)})
        await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
        made = await api.post(PODS, pod())
        await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
        yield made.body["metadata"]["uid"]


Connect = Callable[[Api, ssl.SSLContext], AbstractAsyncContextManager[spdy_client.Client]]


@asynccontextmanager
async def plain(api: Api, tls: ssl.SSLContext) -> AsyncIterator[spdy_client.Client]:
    async with spdy_client.connected(api.address, FORWARD, tls, [PROTOCOL]) as client:
        assert "X-Stream-Protocol-Version: portforward.k8s.io" in client.head
        yield client


class Messages:
    """The messages of a WebSocket as a stream of bytes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._sending = []

    def write(self, data: bytes) -> None:
        self._sending.append(asyncio.ensure_future(self._socket.send_bytes(data)))

    async def read(self, _: int) -> bytes:
        message = await self._socket.receive()
        return message.data if message.type is aiohttp.WSMsgType.BINARY else b""


@asynccontextmanager
async def tunnelled(api: Api, tls: ssl.SSLContext) -> AsyncIterator[spdy_client.Client]:
    async with api.session.ws_connect(api.address + FORWARD, protocols=[TUNNEL]) as socket:
        assert socket.protocol == TUNNEL
        wire = Messages(socket)
        yield spdy_client.Client(wire, wire, "HTTP/1.1 101")  # type: ignore[arg-type]


both = pytest.mark.parametrize("connect", [plain, tunnelled])


def pair(client: spdy_client.Client, port: int, request: int = 0) -> tuple[int, int]:
    """Open a connection as client-go does: an error stream that says nothing, and a data stream."""
    names = {"port": str(port), "requestID": str(request)}
    error = client.open(streamType="error", **names)
    client.send(error, b"", fin=True)
    return error, client.open(streamType="data", **names)


@both
async def test_bytes_pass_both_ways_and_each_way_has_its_end(api: Api, tls: ssl.SSLContext, uid: str, connect: Connect):
    async with connect(api, tls) as client:
        error, data = pair(client, 7)
        client.send(data, b"hello ")
        assert await client.until(data, b"hello ") == b"hello "
        client.send(data, b"world", fin=True)
        assert await client.until_end(error, data) == {error: b"", data: b"worldover"}


@both
async def test_refusal_of_the_pod_is_told_in_the_words_of_the_kubelet(
    api: Api, tls: ssl.SSLContext, uid: str, connect: Connect
):
    async with connect(api, tls) as client:
        error, data = pair(client, 9)
        assert await client.until_end(error, data) == {error: REFUSED % uid.encode(), data: b""}
        error, data = pair(client, 5, request=1)
        said = await client.until_end(error, data)
        assert said == {error: b"", data: b"/portForward/default/one {'port': '5'}"}


async def test_many_connections_share_one(api: Api, tls: ssl.SSLContext, uid: str):
    async with plain(api, tls) as client:
        opened = [pair(client, 7, request) for request in range(20)]
        for _, data in opened:
            client.send(data, f"{data}-".encode(), fin=True)
        said = await client.until_end(*(stream for one in opened for stream in one))
    assert said == {error: b"" for error, _ in opened} | {data: f"{data}-over".encode() for _, data in opened}


async def test_clients_that_number_no_requests_are_understood(api: Api, tls: ssl.SSLContext, uid: str):
    async with plain(api, tls) as client:
        error, data = client.open(streamType="error", port="5"), client.open(streamType="data", port="5")
        assert (await client.until_end(error, data))[data].startswith(b"/portForward/")


@pytest.mark.parametrize(
    "names",
    [
        {"streamType": "data"},
        {"streamType": "data", "port": "0"},
        {"streamType": "data", "port": "65536"},
        {"streamType": "data", "port": "x"},
        {"streamType": "data", "port": "9" * 5000},
        {"streamType": "resize", "port": "80"},
        {"port": "80"},
    ],
)
async def test_streams_that_say_nothing_sensible_are_reset(
    api: Api, tls: ssl.SSLContext, uid: str, names: dict[str, str]
):
    async with plain(api, tls) as client:
        stream = client.open(**names)
        assert await client.until_end(stream) == {stream: b""}
        error, data = pair(client, 5)
        assert (await client.until_end(error, data))[data]


async def test_stream_without_its_other_is_given_up(
    api: Api, tls: ssl.SSLContext, uid: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(forwarding, "PAIR_SECONDS", 0.01)
    async with plain(api, tls) as client:
        error = client.open(streamType="error", port="7", requestID="3")
        assert (await client.until_end(error))[error] == b"(request=3) timed out waiting for streams"


async def test_what_is_no_spdy_ends_the_connection(api: Api, tls: ssl.SSLContext, uid: str):
    async with plain(api, tls) as client:
        client.writer.write(b"\x80\x02" + bytes(6))
        assert [type(frame).__name__ for frame in (await client.next(), await client.next())] == ["GoAway", "NoneType"]


async def test_protocol_that_is_not_known_is_refused_in_the_words_of_apimachinery(
    api: Api, tls: ssl.SSLContext, uid: str
):
    async with spdy_client.connected(api.address, FORWARD, tls, ["other.k8s.io"]) as client:
        text = (await client.reader.readline()).decode()
    assert client.code == 403
    assert "X-Accepted-Stream-Protocol-Versions: portforward.k8s.io" in client.head
    assert text == (
        "unable to upgrade: unable to negotiate protocol: client supports [other.k8s.io], "
        "server accepts [portforward.k8s.io]\n"
    )
    async with spdy_client.connected(api.address, FORWARD, tls, []) as client:
        assert client.code == 400


async def test_request_without_an_upgrade_is_refused(api: Api, uid: str):
    refused = await api.post(FORWARD, None)
    assert (refused.code, refused.message) == (400, "Upgrade request required")


async def test_pod_without_a_node_has_no_ports(api: Api, uid: str):
    await api.post(PODS, pod(name="two"))
    refused = await api.post(f"{PODS}/two/portforward", None)
    assert refused.message == "pod two does not have a host assigned"


async def test_channels_of_a_websocket_are_ports(api: Api, uid: str):
    address = f"{api.address}{FORWARD}?ports=7,9&ports=5"
    async with api.session.ws_connect(address, protocols=["v4.channel.k8s.io"]) as socket:
        begun = [await socket.receive_bytes() for _ in range(6)]
        assert begun == [bytes([channel, port, 0]) for channel, port in enumerate([7, 7, 9, 9, 5, 5])]
        await socket.send_bytes(b"\x00hello")
        heard = {}
        while set(heard) != {0, 3, 4}:
            message = await socket.receive_bytes()
            heard[message[0]] = message[1:]
        assert heard == {0: b"hello", 3: REFUSED % uid.encode(), 4: b"/portForward/default/one {'port': '5'}"}


async def test_channels_in_base64_are_text(api: Api, uid: str):
    name = "v4.base64.channel.k8s.io"
    async with api.session.ws_connect(f"{api.address}{FORWARD}?ports=7", protocols=[name]) as socket:
        assert socket.protocol == name
        begun = [await socket.receive_str() for _ in range(2)]
        assert begun == [f"{channel}{base64.b64encode(bytes([7, 0])).decode()}" for channel in range(2)]
        await socket.send_str("0" + base64.b64encode(b"hello").decode())
        assert base64.b64decode((await socket.receive_str())[1:]) == b"hello"


@pytest.mark.parametrize("ports", ["", "0", "65536", "x", ",".join(["80"] * 101)])
async def test_ports_are_numbers_of_ports(api: Api, uid: str, ports: str):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.session.ws_connect(f"{api.address}{FORWARD}?ports={ports}", protocols=["v4.channel.k8s.io"])
    assert refused.value.status == 400
