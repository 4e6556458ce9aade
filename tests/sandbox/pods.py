"""Pods of the real kernel for tests: containers of this machine's own programs whose output is kept."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from podvisor.images import host
from podvisor.sandbox import protocol, spec
from podvisor.sandbox.driver import Running, Sandbox


@dataclass
class Program:
    """A program that runs in a container, and what it writes."""

    running: Running
    output: asyncio.StreamReader
    transport: asyncio.ReadTransport

    async def line(self) -> str:
        """The next line that it writes, without its end."""
        return (await self.output.readline()).decode().removesuffix("\n")

    async def end(self) -> tuple[str, protocol.Exited]:
        """Everything else that it writes, and how it ended."""
        text = (await self.output.read()).decode()
        exited = await self.running.exited
        self.transport.close()
        return text, exited


@dataclass
class Pod:
    """A sandbox with the shortest way to containers of shell scripts."""

    sandbox: Sandbox
    root: spec.Root = field(default_factory=host.root)

    async def start(self, name: str, script: str, *mounts: spec.Mount, **rest: object) -> Program:
        """Start a container whose first process is `script`."""
        return await self.program(name, ("sh", "-c", script), *mounts, **rest)

    async def program(self, name: str, args: tuple[str, ...], *mounts: spec.Mount, **rest: object) -> Program:
        """Start a container; `user` is its process's, the rest is the container's."""
        reader, writer = os.pipe()
        process = spec.Process(args, spec.Streams(None, writer, writer), user=str(rest.pop("user", "")))
        try:
            running = await self.sandbox.start(spec.Container(name, self.root, process, mounts=mounts, **rest))
        finally:
            os.close(writer)
        return await _followed(running, reader)

    async def exec(self, name: str, script: str) -> Program:
        """Run one more script in a container."""
        reader, writer = os.pipe()
        try:
            streams = spec.Streams(None, writer, writer)
            running = await self.sandbox.exec(name, spec.Process(("sh", "-c", script), streams))
        finally:
            os.close(writer)
        return await _followed(running, reader)

    async def run(self, name: str, script: str, *mounts: spec.Mount, **rest: object) -> str:
        """What a container whose script must succeed writes."""
        text, exited = await (await self.start(name, script, *mounts, **rest)).end()
        assert exited.code == 0, (text, exited)
        return text


@asynccontextmanager
async def pod(*volumes: spec.Volume, **rest: object) -> AsyncIterator[Pod]:
    """A pod with these volumes; everything ends with the block."""
    async with Sandbox() as sandbox:
        await sandbox.create(spec.Pod("web-0", **rest))
        for volume in volumes:
            await sandbox.volume(volume)
        yield Pod(sandbox)


async def _followed(running: Running, reader: int) -> Program:
    stream = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reader, "rb"))
    return Program(running, stream, transport)
