"""Nodes that are reached over the network, as real kubelets are."""

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import TracebackType

import aiohttp
from aiohttp import ClientResponse
from yarl import URL

from podvisor.apiserver import objects
from podvisor.apiserver.http_server import Socket
from podvisor.apiserver.reach import http_client
from podvisor.apiserver.resource import Json
from podvisor.apiserver.streams.log import refusal
from podvisor.base.http import Answer, Outgoing, Stream, WebSocket
from podvisor.types import status

_ADDRESSES = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
"""The kinds of addresses, in the order of preference of `--kubelet-preferred-address-types`."""


class HttpsNodes:
    """Requests over TLS to the address and port that the Node object states. Use as an async context manager."""

    def __init__(self, tls: ssl.SSLContext, preferred: Sequence[str] = ("InternalIP", *_ADDRESSES)) -> None:
        self._tls = tls
        self._preferred = preferred
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "HttpsNodes":
        self._session = http_client.session_over(aiohttp.TCPConnector(), connect_seconds=10)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session:
            await self._session.close()

    @asynccontextmanager
    async def get(self, node: Json, path: str, query: Mapping[str, str]) -> AsyncGenerator[Answer]:
        """See NodeStreams."""
        url = address(node, self._preferred).with_path(path).with_query(query)
        try:
            response = await self._open().get(url, ssl=self._tls)
        except aiohttp.ClientError as error:
            raise status.Unavailable(f"the node cannot be reached: {error}") from error
        async with response:
            yield Answer(response.status, response.headers.copy(), Stream(_chunks(response)))

    @asynccontextmanager
    async def connect(
        self, node: Json, path: str, query: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> AsyncGenerator[WebSocket]:
        """See NodeStreams."""
        url = address(node, self._preferred).with_path(path).with_query(query)
        try:
            stream = await self._open().ws_connect(url, ssl=self._tls, protocols=protocols, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            raise refusal(error.status, await self._why(url, error)) from error
        except aiohttp.ClientError as error:
            raise status.Unavailable(f"the node cannot be reached: {error}") from error
        async with stream:
            yield Socket(stream)

    async def forward(self, node: Json, request: Outgoing) -> Answer:
        """See NodeStreams."""
        url = str(address(node, self._preferred)).rstrip("/") + request.url
        return await http_client.exchange(self._open(), replace(request, url=url), ssl=self._tls)

    async def _why(self, url: URL, error: aiohttp.WSServerHandshakeError) -> str:
        """What the node says of a stream that it refuses: the handshake's error does not hold it."""
        async with self._open().get(url, ssl=self._tls) as answer:
            return await answer.text() if answer.status == error.status else error.message

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("HttpsNodes is used outside of its context")
        return self._session


async def _chunks(response: ClientResponse) -> AsyncGenerator[bytes]:
    """The body as it comes. A node that breaks off ends it."""
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except aiohttp.ClientError as error:
        raise ConnectionResetError(str(error)) from error


def address(node: Json, preferred: Sequence[str]) -> URL:
    """Where the node's server listens. Raises Unavailable if its status does not say."""
    port = objects.dig(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port")
    known = {one["type"]: one["address"] for one in objects.dig(node, "status", "addresses") or ()}
    host = next((known[kind] for kind in preferred if kind in known), None)
    if not host or not port:
        name = node["metadata"]["name"]
        raise status.Unavailable(f"node {name} does not say where its server listens")
    return URL.build(scheme="https", host=host, port=port)
