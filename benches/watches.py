"""Watchers: how long it takes until all who watch have seen a run of updates, and what that costs the server.

    python benches/watches.py [--updates 200]

The server is this process, over the embedded store, on one core; the client is another process on another core. `all`
is watchers that each see every update, which is what encoding once is for. `by node` is watchers that each see the pods
of one node, as kubelets do: only ten of them see anything, so that a thousand should cost what ten do.
"""

import argparse
import asyncio
import os
import resource
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import orjson
import uvloop
from aiohttp import web

from podvisor import apiserver
from podvisor.apiserver import access
from podvisor.base.clock import SystemClock
from podvisor.cluster import pki
from podvisor.store import embedded

BASE = "/api/v1/namespaces/default"
PODS = f"{BASE}/pods"
NODES = 10
"""Those whose pods change."""
SPEC = {"containers": [{"name": "main", "image": "web", "env": [{"name": "FILLER", "value": "x" * 1500}]}]}


@dataclass(frozen=True, slots=True)
class Case:
    """How many watch, and whether each watches one node."""

    watchers: int
    by_node: bool

    @property
    def name(self) -> str:
        return f"{self.watchers:5} {'by node' if self.by_node else 'all'}"


CASES = [Case(10, False), Case(200, False), Case(10, True), Case(200, True), Case(1000, True)]


async def serve(directory: Path, updates: int) -> None:
    """Run the server until the client is done, and print what each case cost."""
    identities = pki.ensure(directory / "pki", ["127.0.0.1"], "bench", datetime.now(UTC))
    async with embedded.open(directory / "store", clock=SystemClock()) as store:
        allowed = access.Access([access.ClientCertificates(), access.Tokens()])
        api = apiserver.Api(apiserver.Settings(), store, allowed, SystemClock())
        runner = web.AppRunner(apiserver.app(api), access_log=None)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        await web.SockSite(runner, listener, ssl_context=_server_tls(identities)).start()
        await _run_client(directory, listener.getsockname()[1], updates)
        await runner.cleanup()


def _server_tls(identities: pki.Pki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identities.server_certificate, identities.server_key)
    context.load_verify_locations(identities.authority_certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def _run_client(directory: Path, port: int, updates: int) -> None:
    client = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--updates", str(updates), "--client", str(port), str(directory / "pki"),
        stdout=-1, stdin=-1,
    )  # fmt: skip
    assert client.stdout
    assert client.stdin
    _pin(0)
    spent = _processor_time()
    while line := (await client.stdout.readline()).decode():
        before, spent = spent, _processor_time()
        if line != "begin\n":
            print(f"{line.rstrip()}   server's processor {spent - before:6.2f} s", flush=True)
        client.stdin.write(b"\n")
    await client.wait()


def _pin(core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Watcher(asyncio.Protocol):
    """Asks for a watch and counts what it brings, looking at no more than it must."""

    request: bytes
    ready: Callable[[], None]
    seen: Callable[[int], None]
    _open: bool = False
    _rest: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        if not self._open:
            assert data.startswith(b"HTTP/1.1 200"), data
            self._open = True
            self.ready()
        mark = b'{"type":"MODIFIED"'
        text = self._rest + data
        if count := text.count(mark):
            self.seen(count)
        self._rest = text[-len(mark) + 1 :] if not text.endswith(b"\n") else b""


class Counting:
    """Waits until so many have been counted."""

    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self._over = asyncio.Event()

    def __call__(self, count: int = 1) -> None:
        self._left -= count
        if self._left <= 0:
            self._over.set()

    async def wait(self) -> None:
        async with asyncio.timeout(180):
            await self._over.wait()


@dataclass
class Writer:
    """One connection that sends requests one after the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, method: str, path: str, body: object, media_type: str = "application/json") -> bytes:
        content = orjson.dumps(body) if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {media_type}\r\n"
        self.writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(content) + content)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        length = int(answer.split(b"Content-Length: ", 1)[1].split(b"\r\n", 1)[0])
        found = await self.reader.readexactly(length)
        assert answer.startswith((b"HTTP/1.1 20", b"HTTP/1.1 409")), found
        return found


async def ask(port: int, directory: Path, updates: int) -> None:
    """The client: one case after the other, each announced on stdout with its time."""
    _pin(-1)
    context = ssl.create_default_context(cafile=directory / "ca.crt")
    context.load_cert_chain(directory / "admin.crt", directory / "admin.key")
    writer = Writer(
        *await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1", limit=2**22)
    )
    await writer.send("POST", f"{BASE}/serviceaccounts", {"metadata": {"name": "default"}})
    for number in range(NODES):
        pod = {"metadata": {"name": f"p{number}"}, "spec": {**SPEC, "nodeName": f"n{number}"}}
        await writer.send("POST", PODS, pod)
    _report("begin")
    for case in CASES:
        taken = await _case(case, writer, (port, context), updates)
        _report(f"{case.name:16}{taken:7.2f} s for {updates} updates")


async def _case(case: Case, writer: Writer, server: tuple[int, ssl.SSLContext], updates: int) -> float:
    listed = orjson.loads(await writer.send("GET", PODS, None))
    version = listed["metadata"]["resourceVersion"]
    ready, seen = Counting(case.watchers), Counting(updates if case.by_node else updates * case.watchers)
    watchers = await _connect(_requests(case, version), ready, seen, server)
    await ready.wait()
    _report("begin")
    begin = time.perf_counter()
    for number in range(updates):
        patch = {"metadata": {"annotations": {"count": str(time.time_ns())}}}
        await writer.send("PATCH", f"{PODS}/p{number % NODES}", patch, "application/merge-patch+json")
    await seen.wait()
    taken = time.perf_counter() - begin
    for one in watchers:
        one.close()
    return taken


def _requests(case: Case, version: str) -> Sequence[bytes]:
    def request(number: int) -> bytes:
        chosen = f"&fieldSelector=spec.nodeName%3Dn{number}" if case.by_node else ""
        path = f"/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion={version}{chosen}"
        return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n".encode()

    return [request(number) for number in range(case.watchers)]


async def _connect(
    requests: Sequence[bytes], ready: Counting, seen: Counting, server: tuple[int, ssl.SSLContext]
) -> list[asyncio.Transport]:
    loop, (port, context) = asyncio.get_running_loop(), server
    found: list[asyncio.Transport] = []
    for request in requests:
        transport, _ = await loop.create_connection(
            lambda request=request: Watcher(request, ready, seen),
            "127.0.0.1",
            port,
            ssl=context,
            server_hostname="127.0.0.1",
        )
        found.append(cast("asyncio.Transport", transport))
    return found


def _report(text: str) -> None:
    """Say it, and wait until the server has taken note."""
    print(text, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=200)
    parser.add_argument("--client", nargs=2, metavar=("PORT", "PKI"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.client:
        uvloop.run(ask(int(chosen.client[0]), Path(chosen.client[1]), chosen.updates))
    else:
        with tempfile.TemporaryDirectory() as made:
            uvloop.run(serve(Path(made), chosen.updates))
