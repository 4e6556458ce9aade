"""Requests per second to the API server over TLS, and the processor time of each, with every write synced.

    python benches/apiserver.py [--requests 4000] [--clients 16]

The server is this process, over the embedded store, on one core; the client is another process on another core, and
does so little that it does not hold the server up. Where others use the machine too, the processor time that the server
spent is the figure to trust: `one core` is what it would serve alone. A second run, under a profiler, says where that
time goes; the loop itself, with TLS and sockets, is what is left over.
"""

import argparse
import asyncio
import cProfile
import os
import pstats
import resource
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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

MAPS = "/api/v1/namespaces/default/configmaps"
TARGETS = {"create": 800, "apply": 700, "get": 4000}
"""Per second, on one core."""
PLACES = {
    "HTTP": ("/aiohttp/", "/multidict/", "/yarl/"),
    "who asks": ("/apiserver/access/",),
    "store": ("/podvisor/store/",),
    "the API": ("/podvisor/",),
}


async def serve(directory: Path, arguments: argparse.Namespace) -> None:
    """Run the server until the client is done, and print what each of its steps cost."""
    identities = pki.ensure(directory / "pki", ["127.0.0.1"], "bench", datetime.now(UTC))
    async with embedded.open(directory / "store", clock=SystemClock()) as store:
        allowed = access.Access([access.ClientCertificates(), access.Tokens()])
        api = apiserver.Api(apiserver.Settings(), store, allowed, SystemClock())
        runner = web.AppRunner(apiserver.app(api), access_log=None)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listener, ssl_context=_server_tls(identities)).start()
        await _run_client(directory, listener.getsockname()[1], arguments)
        await runner.cleanup()


def _server_tls(identities: pki.Pki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identities.server_certificate, identities.server_key)
    context.load_verify_locations(identities.authority_certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


async def _run_client(directory: Path, port: int, arguments: argparse.Namespace) -> None:
    options = ["--requests", str(arguments.requests), "--clients", str(arguments.clients)]
    client = await asyncio.create_subprocess_exec(
        sys.executable, __file__, *options, "--client", str(port), str(directory / "pki"), stdout=-1, stdin=-1
    )
    assert client.stdout
    assert client.stdin
    pin(0)
    profile = cProfile.Profile(time.thread_time)
    spent = _processor_time()
    while line := (await client.stdout.readline()).decode():
        name, rate = line.split()
        before, spent = spent, _processor_time()
        profile.disable()
        each = (spent - before) / arguments.requests * 1e6
        if name in TARGETS:
            alone = f"one core {1e6 / each:7,.0f}/s, {each:4.0f} us each"
            print(f"{name:8}{float(rate):8,.0f}/s   {alone}   target {TARGETS[name]:,}/s")
        elif name.endswith("again"):
            _explain(profile, each, arguments.requests)
        profile = cProfile.Profile(time.thread_time)
        if name in TARGETS:
            profile.enable()
        client.stdin.write(b"\n")
    await client.wait()


def pin(core: int) -> None:
    """Stay on one core, if there are others."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _explain(profile: cProfile.Profile, each: float, requests: int) -> None:
    """Say where the time went, as shares: a profiler slows everything down."""
    found = dict.fromkeys(PLACES, 0.0)
    rest = 0.0
    for (file, _, _), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        place = next((name for name, parts in PLACES.items() if any(part in file for part in parts)), "")
        if place:
            found[place] += own / requests * 1e6
        else:
            rest += own / requests * 1e6
    found["Python's and C's own"] = rest
    found["loop, TLS, sockets"] = each - sum(found.values())
    print("        " + ", ".join(f"{name} {share / each:.0%}" for name, share in found.items()))


@dataclass
class Connection(asyncio.Protocol):
    """Sends the next request when the last one is answered."""

    requests: Iterator[bytes]
    expected: bytes
    over: Callable[[], None]
    answer: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head = self.answer.find(b"\r\n\r\n")
        if head < 0:
            return
        length = int(self.answer.split(b"Content-Length: ", 1)[1].split(b"\r\n", 1)[0])
        if len(self.answer) >= head + 4 + length:
            assert self.answer.startswith(self.expected), self.answer
            self.answer = b""
            self._next()

    def _next(self) -> None:
        if request := next(self.requests, None):
            self.transport.write(request)
        else:
            self.transport.close()
            self.over()


async def ask(port: int, directory: Path, arguments: argparse.Namespace) -> None:
    """The client: one step after the other, each announced on stdout with its rate."""
    pin(-1)
    context = ssl.create_default_context(cafile=directory / "ca.crt")
    context.load_cert_chain(directory / "admin.crt", directory / "admin.key")
    numbers = range(arguments.requests)
    steps = {
        "create": ([_create(f"m{number}") for number in numbers], b"HTTP/1.1 201"),
        "create-again": ([_create(f"n{number}") for number in numbers], b"HTTP/1.1 201"),
        "apply": ([_apply(f"m{number}") for number in numbers], b"HTTP/1.1 200"),
        "apply-again": ([_apply(f"n{number}") for number in numbers], b"HTTP/1.1 200"),
        "get": ([_get(f"m{number}") for number in numbers], b"HTTP/1.1 200"),
        "get-again": ([_get(f"n{number}") for number in numbers], b"HTTP/1.1 200"),
    }
    _report("begin", 0)
    for name, (requests, expected) in steps.items():
        _report(name, await _rate(port, context, requests, expected, arguments.clients))


def _create(name: str) -> bytes:
    body = orjson.dumps({"metadata": {"name": name}, "data": {"key": "x" * 2200}})
    head = (
        f"POST {MAPS} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _apply(name: str) -> bytes:
    """Another value for a key that somebody has created, and one more."""
    data = {"key": "y" * 2200, "more": "z"}
    body = orjson.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
    head = f"PATCH {MAPS}/{name}?fieldManager=bench&force=true HTTP/1.1\r\nHost: bench\r\n"
    head += f"Content-Type: application/apply-patch+yaml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _get(name: str) -> bytes:
    return f"GET {MAPS}/{name} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n".encode()


async def _rate(port: int, context: ssl.SSLContext, requests: list[bytes], expected: bytes, clients: int) -> float:
    loop, left, over = asyncio.get_running_loop(), iter(requests), asyncio.Event()
    running = clients

    def finished() -> None:
        nonlocal running
        running -= 1
        if not running:
            over.set()

    begin = time.perf_counter()
    for _ in range(clients):
        await loop.create_connection(
            lambda: Connection(left, expected, finished), "127.0.0.1", port, ssl=context, server_hostname="127.0.0.1"
        )
    await over.wait()
    return len(requests) / (time.perf_counter() - begin)


def _report(name: str, rate: float) -> None:
    """Say it, and wait until the server has taken note."""
    print(name, rate, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--client", nargs=2, metavar=("PORT", "PKI"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.client:
        uvloop.run(ask(int(chosen.client[0]), Path(chosen.client[1]), chosen))
    else:
        with tempfile.TemporaryDirectory() as made:
            uvloop.run(serve(Path(made), chosen))
