"""A stream, ping-pongs and new connections between two pods, and their DNS, beside the loopback of the host.

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

from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.images import host
from podvisor.network.dns import zone as zones
from podvisor.network.dns.server import Responder, Server, serve
from podvisor.network.dns.zone import Zone
from podvisor.network.listening import Listening, Service
from podvisor.network.services import Backends, Port
from podvisor.network.switch import Switch
from podvisor.sandbox import spec
from podvisor.sandbox.driver import Sandbox

PYTHON = "/usr/bin/python3"
ROUNDS = 3
CLIENT, SERVER, SERVICE, DNS = "10.42.0.2", "10.42.0.3", "10.96.0.9", "10.96.0.10"

SERVE = """
import socket, threading
server = socket.create_server(("0.0.0.0", 8080), backlog=1024)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(server.getsockname())
print("listening", flush=True)
def echo():
    while True:
        datagrams.sendto(*datagrams.recvfrom(2000))
threading.Thread(target=echo, daemon=True).start()
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
ASK += """
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect((to, port))
one.settimeout(20)
one.send(b"x")
one.recv(1)
began = time.perf_counter()
for _ in range(3000):
    one.send(b"x")
    one.recv(1)
print((time.perf_counter() - began) / 3000 * 1e6)
"""
RESOLVE = """
import socket, struct, sys, time
labels = b"web.default.svc.cluster.local".split(b".")
question = b"".join(bytes([len(label)]) + label for label in labels) + b"\\0\\0\\1\\0\\1"
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect((sys.argv[1], int(sys.argv[2])))
one.settimeout(20)
count, window, took, sent = 20000, 16, [], {}
began = time.perf_counter()
for number in range(count + window):
    if number >= window:
        answer = one.recv(600)
        took.append(time.perf_counter() - sent.pop(answer[:2]))
    if number < count:
        head = struct.pack("!H", number % 60000)
        sent[head] = time.perf_counter()
        one.send(head + b"\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + question)
print(count / (time.perf_counter() - began))
print(sorted(took)[int(len(took) * 0.99)] * 1e3)
"""
FIGURES = (
    ("stream, 64 KB writes, MB/s", lambda ours, native: ours / native, ">= 1x"),
    ("ping-pong of 1 byte, us", lambda ours, native: ours / native, "<= 3x"),
    ("connect and close, 1/s", lambda ours, native: ours / native, "10,000"),
    ("UDP ping-pong of 1 byte, us", lambda ours, native: ours / native, "<= 3x"),
)
OF_DNS = (("DNS, cached answers, 1/s", ">= 10,000"), ("DNS, p99 of 16 at a time, ms", "< 2"))


class One:
    """A cluster of one Service."""

    def has_namespace(self, name: str) -> bool:
        return name == "default"

    def service(self, namespace: str, name: str) -> zones.Service | None:
        return zones.Service("default", "web", [SERVICE]) if (namespace, name) == ("default", "web") else None

    def endpoints(self, namespace: str, name: str) -> Sequence[zones.Endpoint]:
        return ()

    def services_at(self, address: str) -> Sequence[zones.Service]:
        return ()


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
        backends = Backends(((SERVER, 8080),))
        await switch.services({Port(protocol, SERVICE, 80): backends for protocol in ("TCP", "UDP")}, ())
        pods = [await _pod(stack, switch, address) for address in (CLIENT, SERVER)]
        serving = await _program(pods[1], "server", (PYTHON, "-c", SERVE))
        await serving.readline()
        told = await (await _program(pods[0], "client", (PYTHON, "-c", ASK, to, str(port)))).read()
        return [float(line) for line in told.split()]


async def resolving() -> tuple[list[float], list[float]]:
    """The figures of the cluster's DNS: asked by a process of the host on loopback, and by a pod."""
    zone, clock = Zone("cluster.local", One(), DNS), SystemClock()
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(serve(zone, clock))
        host, _, port = place.rpartition(":")
        asking = await asyncio.create_subprocess_exec(PYTHON, "-c", RESOLVE, host, port, stdout=subprocess.PIPE)
        native_told, _ = await asking.communicate()
        switch = await stack.enter_async_context(Switch(clock))
        scope = await stack.enter_async_context(tasks.background())
        server = Server(Responder(zone, clock), clock, lambda: 0)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            await switch.pod("node", (DNS,), theirs.fileno())
        scope.start(Listening(Service(53, server.answer, server.converse), scope.start).hear(ours))
        pod = await _pod(stack, switch, CLIENT)
        told = await (await _program(pod, "client", (PYTHON, "-c", RESOLVE, DNS, "53"))).read()
        return [float(line) for line in native_told.split()], [float(line) for line in told.split()]


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
    rounds = [asyncio.run(resolving()) for _ in range(ROUNDS)]
    for index, (title, target) in enumerate(OF_DNS):
        cells = [median(one[side][index] for one in rounds) for side in (0, 1)]
        print(f"{title:32} {cells[0]:10.1f} {cells[1]:10.1f} {'':10} {cells[1] / cells[0]:6.2f}x   {target}")


if __name__ == "__main__":
    sys.exit(main())
