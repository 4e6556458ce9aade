"""A stream, a ping-pong and new connections between two pods, beside the loopback of the host.

    python benches/network.py

The same two Python programs run as two processes of the host and in two pods, so that what they cost themselves is on
both sides.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median

from podvisor.base.clock import SystemClock
from podvisor.images import host
from podvisor.network.services import Backends, Port
from podvisor.network.switch import Switch
from podvisor.sandbox import spec
from podvisor.sandbox.driver import Sandbox

PYTHON = "/usr/bin/python3"
ROUNDS = 3
CLIENT, SERVER, SERVICE = "10.42.0.2", "10.42.0.3", "10.96.0.10"

SERVE = """
import socket, threading
server = socket.create_server(("0.0.0.0", 8080), backlog=1024)
print("listening", flush=True)
def serve(one):
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    mode = one.recv(1)
    buffer = bytearray(1 << 18)
    if mode == b"p":
        while data := one.recv(1):
            one.send(data)
    elif mode == b"s":
        while one.recv_into(buffer):
            pass
        one.send(b"e")
    one.close()
while True:
    one, _ = server.accept()
    threading.Thread(target=serve, args=(one,), daemon=True).start()
"""
ASK = """
import socket, sys, time
to, port = sys.argv[1], int(sys.argv[2])
def connected(mode):
    one = socket.create_connection((to, port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.send(mode)
    return one
one, piece, count = connected(b"s"), bytes(1 << 16), 4000
began = time.perf_counter()
for _ in range(count):
    one.sendall(piece)
one.shutdown(socket.SHUT_WR)
one.recv(1)
print(count * len(piece) / (time.perf_counter() - began) / 1e6)
one = connected(b"p")
began = time.perf_counter()
for _ in range(3000):
    one.send(b"x")
    one.recv(1)
print((time.perf_counter() - began) / 3000 * 1e6)
began = time.perf_counter()
for _ in range(1000):
    socket.create_connection((to, port)).close()
print(1000 / (time.perf_counter() - began))
"""
FIGURES = (
    ("stream, 64 KB writes, MB/s", lambda ours, native: ours / native, ">= 1x"),
    ("ping-pong of 1 byte, us", lambda ours, native: ours / native, "<= 3x"),
    ("connect and close, 1/s", lambda ours, native: ours / native, "10,000"),
)


def native() -> list[float]:
    """The figures of two processes of the host."""
    served = SERVE.replace("0.0.0.0", "127.0.0.1").replace("8080", "0")
    served = served.replace('"listening"', "server.getsockname()[1]")
    with subprocess.Popen([PYTHON, "-c", served], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        told = subprocess.run([PYTHON, "-c", ASK, "127.0.0.1", port], capture_output=True, text=True, check=True)
        server.kill()
    return [float(line) for line in told.stdout.split()]


async def between_pods(to: str, port: int) -> list[float]:
    """The same of two pods."""
    async with AsyncExitStack() as stack:
        switch = await stack.enter_async_context(Switch(SystemClock()))
        await switch.services({Port("TCP", SERVICE, 80): Backends(((SERVER, 8080),))}, ())
        pods = [await _pod(stack, switch, address) for address in (CLIENT, SERVER)]
        serving = await _program(pods[1], "server", (PYTHON, "-c", SERVE))
        await serving.readline()
        told = await (await _program(pods[0], "client", (PYTHON, "-c", ASK, to, str(port)))).read()
        return [float(line) for line in told.split()]


async def _pod(stack: AsyncExitStack, switch: Switch, address: str) -> Sandbox:
    sandbox = await stack.enter_async_context(Sandbox())
    await sandbox.create(spec.Pod("bench", addresses=(address,)))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        await switch.pod(address, (address,), ours.fileno())
        await sandbox.network(theirs.fileno())
    return sandbox


async def _program(sandbox: Sandbox, name: str, args: Sequence[str]) -> asyncio.StreamReader:
    read, write = os.pipe()
    process = spec.Process(tuple(args), spec.Streams(None, write, 2))
    await sandbox.start(spec.Container(name, host.root(), process))
    os.close(write)
    stream = asyncio.StreamReader()
    pipe = os.fdopen(read, "rb")
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
    return stream


def main() -> None:
    """Print every figure."""
    runs = {
        "native": [native() for _ in range(ROUNDS)],
        "pod": [asyncio.run(between_pods(SERVER, 8080)) for _ in range(ROUNDS)],
        "Service": [asyncio.run(between_pods(SERVICE, 80)) for _ in range(ROUNDS)],
    }
    found = {name: [median(column) for column in zip(*run, strict=True)] for name, run in runs.items()}
    print(f"{'':32} {'native':>10} {'pod':>10} {'Service':>10} {'ratio':>7}   target")
    for index, (title, ratio, target) in enumerate(FIGURES):
        cells = [found[name][index] for name in ("native", "pod", "Service")]
        shown = " ".join(f"{cell:10.1f}" for cell in cells)
        print(f"{title:32} {shown} {ratio(cells[1], cells[0]):6.2f}x   {target}")


if __name__ == "__main__":
    sys.exit(main())
