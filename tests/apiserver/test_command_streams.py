"""pods/exec over SPDY/3.1, as a client without WebSockets has it."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from apiserver import authority, kubelet, spdy_client
from apiserver.conftest import Api, serving
from apiserver.samples import PODS, pod
from podvisor.apiserver.spdy import frames
from podvisor.apiserver.streams import command_streams

V4 = "v4.channel.k8s.io"
FAILURE = b"command terminated with non-zero exit code: exit status 3"


@pytest.fixture
def tls(ca: authority.Authority, tmp_path: Path) -> ssl.SSLContext:
    return ca.client_context(tmp_path)


@pytest.fixture(autouse=True)
async def on_node(api: Api, ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[None]:
    """A pod `one` on a node with a server of its own."""
    async with serving(kubelet.app(), ca, tmp_path) as port:
        await api.post("/api/v1/nodes", {"metadata": {"name": "n1"}, "status": kubelet.addresses(port)})
        await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
        await api.post(PODS, pod())
        await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
        yield


@asynccontextmanager
async def running(
    api: Api, tls: ssl.SSLContext, command: str, protocol: str = V4, query: str = "stdout=true"
) -> AsyncIterator[spdy_client.Client]:
    path = f"{PODS}/one/exec?command={command}&{query}"
    async with spdy_client.connected(api.address, path, tls, [protocol]) as client:
        yield client


async def test_output_and_status_have_streams_of_their_own(api: Api, tls: ssl.SSLContext):
    async with running(api, tls, "fail") as client:
        assert client.code == 101
        error, out = client.open(streamType="error"), client.open(streamType="stdout")
        said = await client.until_end(error, out)
    assert said[out] == b"fail\n"
    assert orjson.loads(said[error])["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_input_has_an_end(api: Api, tls: ssl.SSLContext):
    async with running(api, tls, "cat", query="stdin=true&stdout=true") as client:
        error, given, out = (client.open(streamType=kind) for kind in ("error", "stdin", "stdout"))
        client.send(given, b"some")
        assert await client.until(out, b"some") == b"cat\nsome"
        client.send(given, b"thing", fin=True)
        said = await client.until_end(error, out)
    assert said[out] == b"thing"
    assert orjson.loads(said[error])["status"] == "Success"


@pytest.mark.parametrize("protocol", ["v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"])
async def test_old_protocols_have_words_and_no_status(api: Api, tls: ssl.SSLContext, protocol: str):
    for command, told in (("fail", FAILURE), ("true", b"")):
        async with running(api, tls, command, protocol) as client:
            error, out = client.open(streamType="error"), client.open(streamType="stdout")
            assert (await client.until_end(error, out))[error] == told


async def test_sizes_of_a_terminal_arrive_however_they_are_cut(api: Api, tls: ssl.SSLContext):
    async with running(api, tls, "cat", query="stdout=true&tty=true") as client:
        error, out, resize = (client.open(streamType=kind) for kind in ("error", "stdout", "resize"))
        client.send(resize, b'{"Width":80,"Hei')
        client.send(resize, b'ght":24}\n{"Width":90,"Height":30}\n')
        wanted = b'{"Width":80,"Height":24}{"Width":90,"Height":30}'
        assert await client.until(out, wanted) == b"cat\n" + wanted
        client.writer.write(frames.reset(error, frames.Why.CANCEL))


async def test_refusal_of_the_node_is_the_status_at_the_end(api: Api, tls: ssl.SSLContext):
    gone = {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}}
    await api.patch("/api/v1/nodes/n1/status", gone)
    async with running(api, tls, "true") as client:
        error, out = client.open(streamType="error"), client.open(streamType="stdout")
        said = orjson.loads((await client.until_end(error, out))[error])
    assert (said["code"], said["message"].split(":")[0]) == (503, "the node cannot be reached")


@pytest.mark.parametrize("kinds", [("stderr",), ("other",), ("stdout", "stdout"), ("",)])
async def test_streams_that_were_not_asked_for_are_reset(api: Api, tls: ssl.SSLContext, kinds: tuple[str, ...]):
    async with running(api, tls, "true") as client:
        opened = [client.open(streamType=kind) for kind in kinds]
        refused = opened[-1]
        while (frame := await client.next()) != frames.Reset(refused, frames.Why.PROTOCOL_ERROR):
            assert frame is not None


async def test_client_that_opens_no_streams_is_given_up(api: Api, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command_streams, "OPEN_SECONDS", 0.01)
    async with running(api, tls, "true") as client:
        assert await client.next() is None


async def test_client_that_goes_takes_the_command_along(api: Api, tls: ssl.SSLContext):
    kubelet.LEFT.clear()
    async with running(api, tls, "cat", query="stdin=true&stdout=true") as client:
        opened = [client.open(streamType=kind) for kind in ("error", "stdin", "stdout")]
        assert await client.until(opened[2], b"cat") == b"cat\n"
    async with asyncio.timeout(spdy_client.SECONDS):
        await kubelet.LEFT.wait()


async def test_protocols_that_are_not_known_are_refused(api: Api, tls: ssl.SSLContext):
    async with running(api, tls, "true", "v9.channel.k8s.io") as client:
        assert client.code == 403
    assert client.head.count("X-Accepted-Stream-Protocol-Versions") == 4
