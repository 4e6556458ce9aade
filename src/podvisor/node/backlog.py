"""What a container has written and an attached client has not read yet."""

import asyncio
from collections import deque

from podvisor.sandbox import driver

ROOM = 1 << 20
"""How many bytes wait before the container does."""


class Backlog:
    """One client's. While it is long the container waits, as it would for a terminal, but not once it has ended."""

    def __init__(self, running: driver.Running) -> None:
        self._running = running
        self._pieces: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = asyncio.Event()

    async def add(self, stream: str, data: bytes) -> None:
        """Take in a piece; return when the container may write on."""
        self._pieces.append((stream, data))
        self._bytes += len(data)
        self._tell()
        while self._bytes > ROOM and not self._closed:
            changed, exited = asyncio.ensure_future(self._changed.wait()), self._running.exited
            try:
                await asyncio.wait({changed, exited}, return_when=asyncio.FIRST_COMPLETED)
                if exited.done():
                    return
            finally:
                changed.cancel()
                exited.cancel()

    async def take(self) -> tuple[str, bytes]:
        """The oldest piece, waiting for one. It counts until it is `done`."""
        while not self._pieces:
            await self._changed.wait()
        return self._pieces[0]

    def done(self) -> None:
        """The piece that was taken is sent."""
        _, data = self._pieces.popleft()
        self._bytes -= len(data)
        self._tell()

    async def sent(self) -> None:
        """Return once nothing is left."""
        while self._pieces:
            await self._changed.wait()

    def close(self) -> None:
        """The client is gone: nobody waits for it any more."""
        self._closed = True
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
