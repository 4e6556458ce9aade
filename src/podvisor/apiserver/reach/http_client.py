"""HTTP to what runs in pods: one request that is passed on, and the connector that leads any client there."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, TypeAlias

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from podvisor.apiserver.reach.dialing import DialFailed
from podvisor.apiserver.reach.sockets import Sockets
from podvisor.base.bytestreams import ByteStream
from podvisor.base.http import Answer, Outgoing, Stream
from podvisor.types import status

Dial: TypeAlias = Callable[[], AbstractAsyncContextManager[ByteStream]]
"""Makes a connection. Raises DialFailed and ApiError."""
_GIVEN_BY_CLIENT = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that are those of the request, or none."""


class PodConnector(aiohttp.BaseConnector):
    """Leads every request to one port of a pod, whatever its URL names; that is what a certificate must be for."""

    def __init__(self, sockets: Sockets, dial: Dial, tls: ssl.SSLContext) -> None:
        super().__init__()
        self._sockets = sockets
        self._dial = dial
        self._tls = tls

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 -- the base class's name
    ) -> ResponseHandler:
        """See BaseConnector, which asks to override it."""
        try:
            connected = await self._sockets.connect(self._dial())
        except (DialFailed, status.ApiError) as error:
            raise ConnectionRefusedError(str(error)) from error
        tls, name = (self._tls, req.url.raw_host) if req.is_ssl() else (None, None)
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(
            lambda: ResponseHandler(loop=loop), sock=connected, ssl=tls, server_hostname=name
        )
        return protocol


async def pass_on(request: Outgoing, dial: Dial, tls: ssl.SSLContext) -> Answer:
    """Send a request over a connection of its own; the answer streams. Raises Unavailable."""
    async with AsyncExitStack() as stack:
        sockets = await stack.enter_async_context(Sockets())
        connector = PodConnector(sockets, dial, tls)
        session = await stack.enter_async_context(session_over(connector))
        answer = await exchange(session, request)
        held = stack.pop_all()
    if isinstance(answer.body, Stream):
        held.push_async_callback(answer.body.aclose)
        return Answer(answer.status, answer.headers, Stream(_pieces(answer.body), held))
    return answer


def session_over(connector: aiohttp.BaseConnector, connect_seconds: float | None = None) -> aiohttp.ClientSession:
    """A session that adds nothing to requests and keeps nothing of answers. A body may take as long as it likes."""
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_GIVEN_BY_CLIENT,
        auto_decompress=False,
    )


async def exchange(session: aiohttp.ClientSession, request: Outgoing, **options: Any) -> Answer:
    """Send a request and pass back what comes. Raises Unavailable, in upstream's words."""
    url = URL(request.url, encoded=True)
    try:
        response = await session.request(
            request.method, url, headers=request.headers, data=request.body, allow_redirects=False, **options
        )
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise status.Unavailable(f"error trying to reach service: {error}") from error
    held = AsyncExitStack()
    held.callback(response.close)
    return Answer(response.status, response.headers.copy(), Stream(_chunks(response), held))


async def _chunks(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    """The body as it comes. A peer that breaks off ends it."""
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except aiohttp.ClientError as error:
        raise ConnectionResetError(str(error)) from error


async def _pieces(body: Stream) -> AsyncGenerator[bytes]:
    async for chunk in body:
        yield chunk
