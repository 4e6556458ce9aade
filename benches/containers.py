"""What one more container, exec or connection costs in a pod that runs already.

    python benches/containers.py

Every figure has its target beside it.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from statistics import median

from benches.sandbox import ROUNDS, at_most, descendants, proportional_memory, row
from podvisor.images import host
from podvisor.sandbox import spec
from podvisor.sandbox.driver import Sandbox

SERVER = "import socket; s = socket.create_server(('', 80)); print(flush=True)\nwhile True: s.accept()[0].close()"
MORE = 10


async def main() -> None:
    """Print every figure."""
    root = host.root()

    def container(name: str, *args: str) -> spec.Container:
        return spec.Container(name, root, spec.Process(args, spec.Streams()))

    async with Sandbox() as sandbox:
        await sandbox.create(spec.Pod("bench", addresses=("10.42.0.2",)))
        await sandbox.start(container("main", "sleep", "1000"))

        async def start() -> None:
            running = await sandbox.start(container("more", "true"))
            await running.exited

        async def execute() -> None:
            running = await sandbox.exec("main", spec.Process(("true",), spec.Streams()))
            await running.exited

        async def stop() -> None:
            await sandbox.stop("sleeper")

        async def sleeper() -> None:
            await sandbox.start(container("sleeper", "sleep", "1000"))

        async def dial() -> None:
            ours, theirs = socket.socketpair()
            with ours, theirs:
                await sandbox.dial(None, 80, theirs.fileno())

        figure("a further container, to its end", await taken(start), 20)
        figure("an exec, to its end", await taken(execute), 10)
        figure("stop", await taken(stop, before=sleeper), 10)
        await served(sandbox)
        figure("dial", await taken(dial), 2)
        before = memory(sandbox.pid)
        for number in range(MORE):
            await sandbox.start(container(f"idle-{number}", "sleep", "1000"))
        each = (memory(sandbox.pid) - before) / MORE / 1024
        row("a further idle container, memory", each, None, None, "MB", at_most(1, "MB"))


def figure(title: str, milliseconds: float, limit: float) -> None:
    """One figure."""
    row(title, milliseconds, None, None, "ms", at_most(limit, "ms"))


async def taken(work: Callable[[], Awaitable[None]], before: Callable[[], Awaitable[None]] | None = None) -> float:
    """Median milliseconds of some work, each time after what is done `before`."""
    found: list[float] = []
    for _ in range(ROUNDS):
        if before is not None:
            await before()
        began = time.perf_counter()
        await work()
        found.append((time.perf_counter() - began) * 1000)
    return median(found)


async def served(sandbox: Sandbox) -> None:
    """Start a server and wait until it listens."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = spec.Process(("/usr/bin/python3", "-c", SERVER), spec.Streams(None, theirs.fileno(), None))
        await sandbox.exec("main", process)
        await asyncio.to_thread(ours.recv, 1)


def memory(pid: int) -> int:
    """KiB of a kernel and its guests."""
    return proportional_memory(pid) + sum(map(proportional_memory, descendants(pid)))


if __name__ == "__main__":
    print(f"{'':32} {'podvisor':>12} {'native':>12} {'runsc':>12}   {'target':16}")
    asyncio.run(main())
