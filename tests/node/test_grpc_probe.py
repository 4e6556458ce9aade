"""Health checks over gRPC, against servers of the reference implementation and against others."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import grpc
import pytest

from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.node import actions, objects, probes
from podvisor.node.pace import Pace
from podvisor.sandbox import errors

SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"
Answer = Callable[[bytes, "grpc.aio.ServicerContext[bytes, bytes]"], Awaitable[bytes]]
CLOCK = SystemClock()


class Reached:
    """A sandbox whose only port leads to one server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.joined: list[asyncio.Task[None]] = []

    async def dial(self, address: str, port: int, fd: int) -> None:
        if port != self.port:
            raise errors.Refused("connection refused", "NoSuch", None)
        ours = socket.socket(fileno=socket.dup(fd))
        theirs = socket.create_connection(("127.0.0.1", port))
        self.joined.append(asyncio.create_task(_join(ours, theirs)))


async def _join(ours: socket.socket, theirs: socket.socket) -> None:
    ends = [await asyncio.open_connection(sock=one) for one in (ours, theirs)]

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    (first, to_first), (second, to_second) = ends
    await asyncio.gather(copy(first, to_second), copy(second, to_first))


@asynccontextmanager
async def serving(answer: Answer) -> AsyncGenerator[int]:
    """A gRPC server whose health service answers like this."""
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(cast("Any", answer))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def told(port: int, *, asked: int | None = None, service: str = "", seconds: int = 20) -> list[str]:
    """What a probe of the server says that is wrong."""
    found: list[str] = []
    probe = objects.Probe(grpc=objects.Grpc(asked or port, service), timeout_seconds=seconds)
    described = objects.Container(name="main")
    target = actions.Target(cast("Any", Reached(port)), described, "10.0.0.1", cast("Any", None), CLOCK, Pace(CLOCK))
    unhealthy = asyncio.Event()

    def note(text: str) -> None:
        found.append(text)
        unhealthy.set()

    listener = probes.Listener(lambda healthy: None, note, note)
    await tasks.first(probes.ask(probe, target, listener, until_success=True), unhealthy.wait())
    return found


async def test_server_that_serves_is_healthy_and_is_asked_for_the_service():
    asked: list[bytes] = []

    async def answer(request: bytes, context: Any) -> bytes:
        asked.append(request)
        return SERVING

    async with serving(answer) as port:
        assert await told(port) == []
        assert await told(port, service="s" * 200) == []
    assert asked == [b"", b"\x0a\xc8\x01" + b"s" * 200]


async def test_server_that_does_not_serve_is_not_healthy():
    async def answer(request: bytes, context: Any) -> bytes:
        return NOT_SERVING

    async with serving(answer) as port:
        assert await told(port) == ['service unhealthy (responded with "NOT_SERVING")']


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (grpc.StatusCode.NOT_FOUND, "error: health rpc probe failed: rpc error: code = NotFound desc = nö 100%"),
        (
            grpc.StatusCode.UNIMPLEMENTED,
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): nö 100%",
        ),
    ],
)
async def test_error_of_the_server_is_told_in_the_kubelets_words(code: grpc.StatusCode, text: str):
    async def answer(request: bytes, context: Any) -> bytes:
        await context.abort(code, "nö 100%")
        raise AssertionError

    async with serving(answer) as port:
        assert await told(port) == [text]


async def test_server_that_does_not_answer_is_late():
    async def answer(request: bytes, context: Any) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(answer) as port:
        assert await told(port, seconds=1) == ["timeout: health rpc did not complete within 1s"]


async def test_port_where_nobody_listens_is_told():
    (text,) = await told(1, asked=2)
    assert text.startswith('error: failed to connect service at "10.0.0.1:2": ')


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(100), b"\xff" * 9])
async def test_server_that_speaks_no_http2_is_not_healthy(said: bytes):
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        (text,) = await told(server.sockets[0].getsockname()[1])
    assert text.startswith("error: health rpc probe failed: rpc error: code = Unavailable desc = ")
