"""Puts per second into the embedded store, synced, beside etcd where that is installed.

    python benches/store.py [--seconds 3] [--writers 1 64]

etcd is driven over gRPC, as it is meant to be, by a client in this process (`pip install 'podvisor[etcd]'`); the
embedded store is called in the process, as the API server calls it.
"""

import argparse
import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import TypeAlias

import uvloop

from podvisor.base.clock import SystemClock
from podvisor.store import embedded
from podvisor.store.backend import Put

PutOne: TypeAlias = Callable[[bytes, bytes], Awaitable[object]]

VALUE = os.urandom(3072)
"""About the size of a Pod."""
KEYS = 1000


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out of a run; times in seconds."""

    per_second: float
    p50: float
    p99: float

    def __str__(self) -> str:
        return f"{self.per_second:9,.0f} puts/s   p50 {self.p50 * 1e3:6.2f} ms   p99 {self.p99 * 1e3:6.2f} ms"


@asynccontextmanager
async def embedded_store(directory: Path) -> AsyncGenerator[PutOne]:
    """The store under test."""
    async with embedded.open(directory, clock=SystemClock()) as store:

        async def put(key: bytes, value: bytes) -> None:
            await store.txn([], [Put(key, value)])

        yield put


@asynccontextmanager
async def etcd(directory: Path) -> AsyncGenerator[PutOne]:
    """The peer: etcd with its own defaults, on loopback."""
    from grpc import aio

    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    arguments = ["--data-dir", directory, "--listen-client-urls", client, "--advertise-client-urls", client]
    arguments += ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]
    arguments += ["--initial-cluster", f"default={peer}"]
    quiet = asyncio.subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec("etcd", *arguments, stdout=quiet, stderr=quiet)
    try:
        async with aio.insecure_channel(client.removeprefix("http://")) as channel:
            call = channel.unary_unary("/etcdserverpb.KV/Put")
            await call(put_request(b"warm", b"up"), wait_for_ready=True)
            yield lambda key, value: call(put_request(key, value))
    finally:
        server.terminate()
        await server.wait()


def put_request(key: bytes, value: bytes) -> bytes:
    """An etcdserverpb.PutRequest: field 1 is the key, field 2 the value."""
    return b"\x0a" + varint(len(key)) + key + b"\x12" + varint(len(value)) + value


def varint(number: int) -> bytes:
    """Protobuf's base 128 numbers."""
    return bytes([number]) if number < 128 else bytes([number % 128 + 128]) + varint(number // 128)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


async def measure(put: PutOne, writers: int, seconds: float) -> Figures:
    """Closed loop: each writer puts again as soon as its last put was acknowledged."""
    taken: list[float] = []
    started = time.perf_counter()

    async def write(writer: int) -> None:
        number = writer
        while (before := time.perf_counter()) - started < seconds:
            await put(b"/registry/pods/default/pod-%d" % (number % KEYS), VALUE)
            taken.append(time.perf_counter() - before)
            number += writers

    await asyncio.gather(*map(write, range(writers)))
    cuts = quantiles(taken, n=100)
    return Figures(len(taken) / (time.perf_counter() - started), cuts[49], cuts[98])


async def compare(writers: int, seconds: float) -> None:
    """One line for each store, and the ratio."""
    figures: list[Figures] = []
    for name, store in [("embedded", embedded_store), ("etcd", etcd)]:
        if name == "etcd" and not shutil.which("etcd"):
            print(f"{writers:3} writers  etcd      not installed")
            continue
        with tempfile.TemporaryDirectory() as directory:
            async with store(Path(directory) / name) as put:
                await measure(put, writers, seconds / 4)
                figures.append(await measure(put, writers, seconds))
        print(f"{writers:3} writers  {name:9} {figures[-1]}")
    if len(figures) == 2:
        print(f"{writers:3} writers  {figures[0].per_second / figures[1].per_second:.1f} times etcd")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 64])
    asked = parser.parse_args()
    for writers in asked.writers:
        uvloop.run(compare(writers, asked.seconds))


if __name__ == "__main__":
    main()
