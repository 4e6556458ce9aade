"""Requests per second to the API server over TLS, and the processor time of each, with every write synced.

    python benches/apiserver.py [--requests 4000] [--clients 16]

The server is this process, over the embedded store; the client is another. The time that the server's own process
spent is what counts where both share the machine's cores with others.
"""

import argparse
import asyncio
import resource
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import uvloop
from aiohttp import web

from podvisor import apiserver
from podvisor.apiserver import access
from podvisor.base.clock import SystemClock
from podvisor.cluster import pki
from podvisor.store import embedded

MAPS = "/api/v1/namespaces/default/configmaps"
TARGETS = {"get": 4000, "create": 800}
"""Per second, on one core."""


async def serve(directory: Path, arguments: argparse.Namespace) -> None:
    """Run the server until the client is done, and print what each of its steps cost."""
    identities = pki.ensure(directory / "pki", ["127.0.0.1"], "bench", datetime.now(UTC))
    async with embedded.open(directory / "store", clock=SystemClock()) as store:
        allowed = access.Access([access.ClientCertificates()])
        runner = web.AppRunner(apiserver.app(apiserver.Settings(), store, allowed, SystemClock()), access_log=None)
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
    spent = _processor_time()
    while line := (await client.stdout.readline()).decode():
        name, rate = line.split()
        before, spent = spent, _processor_time()
        if name in TARGETS:
            each = (spent - before) / arguments.requests * 1e6
            print(f"{name:8}{float(rate):9,.0f}/s{each:9,.0f} us of the server each   target {TARGETS[name]}/s")
        client.stdin.write(b"\n")
    await client.wait()


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def ask(port: int, directory: Path, arguments: argparse.Namespace) -> None:
    """The client: one step after the other, each announced on stdout with its rate."""
    context = ssl.create_default_context(cafile=directory / "ca.crt")
    context.load_cert_chain(directory / "admin.crt", directory / "admin.key")
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(f"https://127.0.0.1:{port}", connector=connector) as session:

        async def create(number: int) -> None:
            body = {"metadata": {"name": f"m{number}"}, "data": {"key": "x" * 2200}}
            async with session.post(MAPS, json=body) as answer:
                assert answer.status == 201
                await answer.read()

        async def get(number: int) -> None:
            async with session.get(f"{MAPS}/m{number}") as answer:
                assert answer.status == 200
                await answer.read()

        _report("begin", 0)
        _report("create", await _rate(create, arguments))
        _report("get", await _rate(get, arguments))


async def _rate(step: Callable[[int], Awaitable[None]], arguments: argparse.Namespace) -> float:
    async def client(first: int) -> None:
        for number in range(first, arguments.requests, arguments.clients):
            await step(number)

    begin = time.perf_counter()
    await asyncio.gather(*(client(first) for first in range(arguments.clients)))
    return arguments.requests / (time.perf_counter() - begin)


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
