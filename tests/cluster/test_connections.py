"""Strangers at the API server's door: they are few, they do not stay, and they keep nobody else out."""

import asyncio
import logging
import os
import resource
import socket
import ssl
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from apiserver.authority import Authority
from podvisor.apiserver import access
from podvisor.base.http import Peer, Request
from podvisor.cluster import logs
from podvisor.cluster.connections import Connections, Limits, Recognising
from podvisor.testing.clock import VirtualClock, settle

HALF = b"GET /version HTTP/1.1\r\nHost: x\r\n"
WHOLE = HALF + b"Authorization: Bearer good\r\n\r\n"


class Known:
    """Takes one token."""

    async def authenticate(self, request: Request) -> access.User | None:
        return access.User("someone") if request.headers.get("Authorization") == "Bearer good" else None


@dataclass(frozen=True)
class Door:
    """A server behind its connections."""

    port: int
    connections: Connections
    clock: VirtualClock
    strangers: ssl.SSLContext
    """How a client without a certificate connects."""
    ours: ssl.SSLContext
    """And one with."""

    async def knock(self) -> socket.socket:
        """A connection that says nothing."""
        one = socket.create_connection(("127.0.0.1", self.port))
        one.setblocking(False)
        await asyncio.sleep(0)
        return one

    async def connect(self, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context)

    async def answers(self, context: ssl.SSLContext | None = None) -> bool:
        """Whether a client is served."""
        reader, writer = await self.connect(context or self.ours)
        writer.write(WHOLE)
        line = await reader.readline()
        writer.close()
        return line.startswith(b"HTTP/1.1 200")


@asynccontextmanager
async def opened(tmp_path: Path, limits: Limits) -> AsyncGenerator[Door]:
    ca, clock = Authority(), VirtualClock()
    connections = Connections(clock, limits)
    allowed = access.Access([Recognising(Known(), connections), access.ClientCertificates()])

    async def handle(request: web.Request) -> web.Response:
        transport = request.transport
        assert transport is not None
        peer = Peer(tuple(transport.get_extra_info("peername")), transport.get_extra_info("peercert"))
        await allowed.user(Request(request.method, request.path, request.query, request.headers, peer=peer))
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    assert runner.server is not None
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        async with connections.accepting(listener, runner.server, ca.server_context(tmp_path)):
            context = ssl.create_default_context(cadata=ca.pem)
            yield Door(listener.getsockname()[1], connections, clock, context, ca.client_context(tmp_path))
    await runner.cleanup()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncGenerator[Door]:
    async with opened(tmp_path, Limits(strangers=20)) as door:
        yield door


async def closed(one: socket.socket) -> bool:
    """Whether the other side ends the connection."""
    with suppress(ConnectionError):
        async with asyncio.timeout(10):
            while await asyncio.get_running_loop().sock_recv(one, 4096):
                pass
    one.close()
    return True


async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    with suppress(ConnectionError, ssl.SSLError):
        async with asyncio.timeout(10):
            await reader.read()
    writer.close()
    return True


async def test_of_many_silent_connections_the_oldest_go_and_clients_are_served(door: Door):
    silent = [await door.knock() for _ in range(300)]
    assert await door.answers()
    assert len(door.connections) <= 20
    assert await closed(silent[0])
    for one in silent:
        one.close()


async def test_half_a_request_is_not_waited_for_long(door: Door):
    reader, writer = await door.connect(door.strangers)
    writer.write(HALF)
    await settle()
    await door.clock.advance(14)
    assert not reader.at_eof()
    await door.clock.advance(3)
    assert await gone(reader, writer)
    assert len(door.connections) == 0


async def test_a_handshake_that_does_not_begin_is_not_waited_for_long(door: Door):
    silent = await door.knock()
    assert await door.answers(), "so the silent one has been accepted"
    await door.clock.advance(17)
    assert await closed(silent)


async def test_a_body_from_somebody_without_credentials_is_not_waited_for_long(door: Door):
    reader, writer = await door.connect(door.strangers)
    writer.write(b"POST /version HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf")
    await reader.readline()
    await door.clock.advance(17)
    assert await gone(reader, writer)


@pytest.mark.parametrize("how", ["certificate", "token"])
async def test_who_is_known_stays(door: Door, how: str):
    reader, writer = await door.connect(door.ours if how == "certificate" else door.strangers)
    for _ in range(2):
        writer.write(WHOLE)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        while (await reader.readline()) != b"\r\n":
            pass
        await reader.readexactly(5)
        silent = [await door.knock() for _ in range(50)]
        await door.clock.advance(100)
        for one in silent:
            one.close()
    writer.close()


async def test_a_bad_handshake_harms_nobody(door: Door):
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\0" * 100):
        one = await door.knock()
        await asyncio.get_running_loop().sock_sendall(one, sent)
        assert await closed(one)
    assert await door.answers()


@pytest.fixture
def few_descriptors() -> Generator[int]:
    """A limit that is soon met, whatever this process has open already: how many connections pass it."""
    before, limit = resource.getrlimit(resource.RLIMIT_NOFILE), 200 + 4 * len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, before[1]))
    yield limit - 20
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


FLOOD = """
import socket, sys
silent = []
for _ in range(int(sys.argv[2])):
    silent.append(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
print(len(silent), flush=True)
sys.stdin.read()
"""


@pytest.fixture
async def flood() -> AsyncGenerator[Callable[[int, int], Awaitable[bytes]]]:
    """Opens this many connections to a port from another process, which keeps them to the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(port: int, count: int) -> bytes:
            pipe = asyncio.subprocess.PIPE
            arguments = [sys.executable, "-c", FLOOD, str(port), str(count)]
            process = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe)
            stack.push_async_callback(process.communicate, b"")
            assert process.stdout is not None
            return await process.stdout.readline()

        yield start


async def test_descriptors_are_left_for_pods_and_files(
    tmp_path: Path, few_descriptors: int, flood: Callable[[int, int], Awaitable[bytes]]
):
    async with opened(tmp_path, Limits(strangers=10_000)) as door:
        assert await flood(door.port, few_descriptors) == b"%d\n" % few_descriptors
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=door.ours)) as session:
            answer = await session.get(f"https://127.0.0.1:{door.port}/")
            assert answer.status == 200
        with ExitStack() as files:
            for number in range(30):
                files.enter_context((tmp_path / str(number)).open("w"))


def test_one_complaint_is_written_only_so_often():
    now = 0.0
    sparing = logs.Sparing(lambda: now)

    def write(text: str) -> logging.LogRecord | None:
        record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, text, (), None)
        return record if sparing.filter(record) else None

    assert sum(write("bad request") is not None for _ in range(1000)) == logs.OFTEN
    assert write("something else") is not None
    now = 61.0
    last = write("bad request")
    assert last is not None
    assert last.getMessage() == f"bad request ({1000 - logs.OFTEN} more like this before it were left out)"


def test_the_log_is_turned_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]):

    kept = os.dup(1), os.dup(2)
    log = tmp_path / "podvisor.log"
    handler = logs.LogFile(log, largest=10_000)
    try:
        for number in range(1000):
            handler.handle(logging.LogRecord("x", logging.ERROR, "", 0, f"{number} {'y' * 100}", (), None))
        os.write(2, b"a traceback\n")
    finally:
        handler.close()
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
    assert log.stat().st_size < 12_000
    assert log.stat().st_mode & 0o077 == 0
    assert log.read_text().endswith("a traceback\n")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 25_000
