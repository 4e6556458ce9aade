"""Pods of the real kernel on one real switch, for tests."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from podvisor.base.clock import SystemClock
from podvisor.network.egress import NOTHING, Bounds
from podvisor.network.services import Backends, Port
from podvisor.network.switch import Switch
from podvisor.sandbox.driver import Sandbox
from sandbox.pods import Pod, Program, pod

PYTHON = "/usr/bin/python3"
CLOCK = SystemClock()

ECHO = """
import socket, sys, threading
server = socket.create_server(("0.0.0.0", 8080))
print("listening", flush=True)
def serve(one, peer):
    with one:
        name = f"{peer[0]} at {one.getsockname()[0]}:{one.getsockname()[1]} " if len(sys.argv) > 1 else ""
        data = b""
        while piece := one.recv(65536):
            data += piece
        one.sendall(name.encode() + data)
while True:
    threading.Thread(target=serve, args=server.accept(), daemon=True).start()
"""
"""A server on port 8080 that sends back what came, once it has all; with an argument, and who came where before it."""


@dataclass
class Net:
    """A switch, and the pods on it by their addresses."""

    switch: Switch
    stack: AsyncExitStack
    pods: dict[str, Pod] = field(default_factory=dict[str, Pod])
    names: int = 0

    async def pod(self, address: str, **rest: object) -> Pod:
        """A pod of that address, which can reach others."""
        it = self.pods[address] = await self.stack.enter_async_context(pod(addresses=(address,), **rest))
        await join(self.switch, it.sandbox, address)
        return it

    async def rejoin(self) -> None:
        """Join every pod to the switch that there is now."""
        for address, it in self.pods.items():
            await join(self.switch, it.sandbox, address)

    async def python(self, address: str, script: str, *words: str) -> Program:
        """A Python program in a container of its own."""
        self.names += 1
        return await self.pods[address].program(f"program-{self.names}", (PYTHON, "-c", script, *words))

    async def ran(self, address: str, script: str, *words: str) -> str:
        """What a Python program that must succeed writes."""
        text, exited = await (await self.python(address, script, *words)).end()
        assert exited.code == 0, text
        return text

    async def serving(self, address: str, script: str = ECHO, *words: str) -> Program:
        """A Python program that has said that it listens."""
        server = await self.python(address, script, *words)
        assert await server.line() == "listening"
        return server

    async def service(self, at: str, port: int, *endpoints: tuple[str, int], **rest: object) -> None:
        """A Service of one port."""
        await self.switch.services({Port("TCP", at, port): Backends(endpoints, **rest)}, ())


async def join(switch: Switch, sandbox: Sandbox, address: str) -> None:
    """Join a pod to a switch."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        await switch.pod(address, (address,), ours.fileno())
        await sandbox.network(theirs.fileno())


@asynccontextmanager
async def net(*addresses: str, host: str | None = None, bounds: Bounds = NOTHING) -> AsyncIterator[Net]:
    """A switch and pods of these addresses; everything ends with the block."""
    async with AsyncExitStack() as stack:
        it = Net(await stack.enter_async_context(Switch(CLOCK, host, bounds)), stack)
        for address in addresses:
            await it.pod(address)
        yield it
