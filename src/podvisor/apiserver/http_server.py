"""The one file here that speaks aiohttp: its requests become ours, and our answers its responses.

app(api)      an aiohttp Application, to be served over TLS with the cluster's CA for client certificates,
              verify mode CERT_OPTIONAL
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, cast

import aiohttp
from aiohttp import ClientWebSocketResponse, WSMsgType, web

from podvisor.apiserver.api import Api
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.base.http import Answer, ClientGone, Close, Peer, Request, Stream, Takeover, Upgrade, WebSocket
from podvisor.types import status

LOOK = 2.0
"""Seconds between looks whether the clients of streams that stand still are there yet."""
_LARGEST = 8 * 1024 * 1024
"""Bytes of a WebSocket's message."""


def app(api: Api) -> web.Application:
    """The API over HTTP. When it starts it creates the namespaces that every cluster has."""
    application, streams = web.Application(client_max_size=api.settings.max_body), _Streams()
    application.router.add_route("*", "/{path:.*}", _handler(api, streams), expect_handler=_expect)
    application.cleanup_ctx.append(_running(api, streams))
    application.on_shutdown.append(_end_watches(api))
    return application


def _handler(api: Api, streams: "_Streams") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            answer = await api.answer(_request(request))
        except ClientGone:
            return web.Response()  # nobody reads this
        match answer.body:
            case bytes() as body:
                return web.Response(body=body, status=answer.status, headers=answer.headers)
            case Stream() as body:
                return await streams.send(request, answer, body)
            case Upgrade() as upgrade:
                return await _upgrade(request, upgrade)
            case Takeover() as takeover:
                return await _take_over(request, answer, takeover)

    return handle


def _request(request: web.Request) -> Request:
    transport = request.transport
    peer = Peer()
    if transport is not None:
        address, certificate = transport.get_extra_info("peername"), transport.get_extra_info("peercert")
        peer = Peer(tuple(address or ()), certificate)

    async def read() -> bytes:
        try:
            return await request.read()
        except web.HTTPException as error:
            raise _refusal(error) from None
        except ConnectionError as error:
            raise ClientGone from error

    async def chunks() -> AsyncIterator[bytes]:
        try:
            async for chunk in request.content.iter_any():
                yield chunk
        except (ConnectionError, aiohttp.ClientError) as error:
            raise ClientGone from error

    raw_query = request.rel_url.raw_query_string
    return Request(request.method, request.path, request.query, request.headers, read, peer, raw_query, chunks)


def _refusal(error: web.HTTPException) -> status.ApiError:
    """What aiohttp says of a body that it does not take."""
    if error.status != 413:
        return status.BadRequest(error.reason)
    refusal = status.ApiError("Request entity too large: limit is 3145728")
    refusal.code, refusal.reason = 413, "RequestEntityTooLarge"
    return refusal


class _Streams:
    """The responses that go on for a while, each with the task that writes it.

    A client that goes is noticed when something is written to it; where nothing is, only a look at its connection
    tells, and then its task is cancelled.
    """

    def __init__(self) -> None:
        self._writing: dict[asyncio.Task[Any], asyncio.Transport] = {}

    async def send(self, request: web.Request, answer: Answer, body: Stream) -> web.StreamResponse:
        """Write `body` until it ends or the client goes, which is how most watches end."""
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        try:
            await response.prepare(request)
            with self._noted(request.transport):
                async for chunk in body:
                    await response.write(chunk)
                await response.write_eof()
        except ConnectionError:
            pass
        finally:
            await body.aclose()
        return response

    async def sweep(self, clock: Clock) -> None:
        """End the streams of clients that are gone, for ever."""
        while True:
            await clock.sleep(LOOK)
            for task, transport in tuple(self._writing.items()):
                if transport.is_closing():
                    task.cancel()

    @contextmanager
    def _noted(self, transport: asyncio.Transport | None) -> Generator[None]:
        task = asyncio.current_task()
        assert task is not None
        if transport is None:
            raise ConnectionResetError
        self._writing[task] = transport
        try:
            yield
        except asyncio.CancelledError:
            # Only `sweep` cancels the task of a connection that is gone; the task itself goes on with the next.
            if not transport.is_closing():
                raise
            task.uncancel()
        finally:
            del self._writing[task]


async def _upgrade(request: web.Request, upgrade: Upgrade) -> web.StreamResponse:
    accepted: web.StreamResponse = web.Response(status=500)

    async def accept(protocol: str) -> WebSocket:
        nonlocal accepted
        accepted = socket = web.WebSocketResponse(protocols=[protocol], max_msg_size=_LARGEST)
        await socket.prepare(request)
        return Socket(socket)

    await upgrade.run(accept)
    return accepted


async def _take_over(request: web.Request, answer: Answer, takeover: Takeover) -> web.StreamResponse:
    response = web.StreamResponse(status=101, headers=answer.headers)
    response.force_close()
    with suppress(ConnectionError):
        await response.prepare(request)
    with suppress(ConnectionError):
        # Also for a client that is gone already: what is held for it is let go of there.
        await takeover.run(_Wire(request, response))
    return response


class _Wire:
    """See ByteStream; a connection after its answer 101. No more is read from the client than somebody waits for."""

    def __init__(self, request: web.Request, response: web.StreamResponse) -> None:
        self._transport = request.transport
        self._response = response
        self._unread: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._ended = self._transport is None
        # What aiohttp does for a WebSocket; its type knows no other parser. Its own buffer for what has come counts on
        # a parser of HTTP that is at work, which is why there is one of ours.
        request.protocol.set_parser(cast("Any", self))

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """For aiohttp: what has come."""
        if not self._unread and self._transport is not None:
            self._transport.pause_reading()
        self._unread.append(data)
        self._news.set()
        return False, b""

    def feed_eof(self) -> None:
        """For aiohttp: the connection has ended."""
        self._ended = True
        self._news.set()

    async def read(self) -> bytes:
        while not self._unread:
            if self._ended:
                return b""
            self._news.clear()
            await self._news.wait()
        data = self._unread.popleft()
        if not self._unread and self._transport is not None and not self._ended:
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        await self._response.write(data)

    async def finish(self) -> None:
        """TLS as it is used here has no half of an end: nothing is said before both sides are through."""


class Socket:
    """See WebSocket; for either end."""

    def __init__(self, socket: web.WebSocketResponse | ClientWebSocketResponse) -> None:
        self._socket = socket

    @property
    def protocol(self) -> str:
        if isinstance(self._socket, web.WebSocketResponse):
            return self._socket.ws_protocol or ""
        return self._socket.protocol or ""

    @property
    def closed(self) -> bool:
        return self._socket.closed

    async def receive(self) -> bytes | str | Close:
        try:
            message = await self._socket.receive()
        except aiohttp.ClientError as error:
            raise ConnectionResetError(str(error)) from error
        match message.type:
            case WSMsgType.BINARY | WSMsgType.TEXT:
                return cast("bytes | str", message.data)
            case WSMsgType.CLOSE:
                return Close(int(message.data or aiohttp.WSCloseCode.OK))
            case _:
                return Close(aiohttp.WSCloseCode.GOING_AWAY)

    async def send(self, message: bytes | str) -> None:
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except aiohttp.ClientError as error:
            raise ConnectionResetError(str(error)) from error

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)


async def _expect(request: web.Request) -> None:
    """Have the client go on with its body. Raises HTTPExpectationFailed for any other expectation (RFC 9110 10.1.1)."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="only 100-continue can be expected here")
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _running(api: Api, streams: _Streams) -> Callable[[web.Application], AsyncGenerator[None]]:
    async def run(_: web.Application) -> AsyncGenerator[None]:
        async with api.running(), tasks.background() as scope:
            scope.start(streams.sweep(api.clock), name="sweep of streams")
            yield

    return run


def _end_watches(api: Api) -> Callable[[web.Application], Awaitable[None]]:
    async def end(_: web.Application) -> None:
        api.end_watches()

    return end
