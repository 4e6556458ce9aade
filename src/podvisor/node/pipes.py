"""A container's streams as pipes of this process: reading them without blocking, and lending their other ends."""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any

from podvisor.sandbox import spec

CHUNK = 1 << 16
ROWS, COLUMNS = 24, 80
"""The size of a terminal until somebody tells it."""


class Reader:
    """Our end of a pipe that a container writes to. Owns the descriptor; one task at a time reads."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._left: int | None = None
        self._waiting: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """What has come, waiting for something; nothing once all writers are gone, or after `finish`."""
        while self._left is None:
            try:
                return os.read(self._fd, CHUNK)
            except BlockingIOError:
                await self._readable()
        data = os.read(self._fd, min(CHUNK, self._left)) if self._left else b""
        self._left -= len(data)
        return data

    def finish(self) -> None:
        """Let reads return what has come by now, and then the end, whoever still holds the other end and writes on."""
        (self._left,) = struct.unpack("i", fcntl.ioctl(self._fd, termios.FIONREAD, bytes(4)))
        self._wake()

    def close(self) -> None:
        """Give up the pipe."""
        os.close(self._fd)

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiting = loop.create_future()
        loop.add_reader(self._fd, self._wake)
        try:
            await self._waiting
        finally:
            loop.remove_reader(self._fd)


async def carry(
    readers: Mapping[str, Reader], until: asyncio.Future[Any], give: Callable[[str, bytes], Awaitable[None]]
) -> None:
    """Hand on what comes out of the pipes until `until` is done and all that had come by then is handed on.

    Closes the pipes, also when cancelled; then what was read last may be lost.
    """

    async def one(name: str, reader: Reader) -> None:
        while data := await reader.read():
            await give(name, data)
            await asyncio.sleep(0)  # A guest that always has more to say must not keep others from theirs.

    async def finish() -> None:
        await asyncio.wait({until})
        for reader in readers.values():
            reader.finish()

    try:
        async with asyncio.TaskGroup() as group:
            for name, reader in readers.items():
                group.create_task(one(name, reader))
            group.create_task(finish())
    finally:
        for reader in readers.values():
            reader.close()


class Writer:
    """Our end of a pipe that a container reads from. Owns the descriptor; several tasks may write."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Future[None] | None = None

    async def write(self, data: bytes) -> None:
        """Write all of it, waiting for the reader. Raises OSError once the reader or this end is gone."""
        async with self._turn:
            while data:
                try:
                    data = data[os.write(self._fd, data) :]
                except BlockingIOError:
                    await self._writable()

    def close(self) -> None:
        """Let the container see the end; once is enough. Who still writes is told."""
        if self._fd < 0:
            return
        self._wake()
        os.close(self._fd)
        self._fd = -1

    def _wake(self) -> None:
        """Stop watching: the number may soon be another pipe's."""
        if self._waiting is not None:
            asyncio.get_running_loop().remove_writer(self._fd)
            if not self._waiting.done():
                self._waiting.set_result(None)
            self._waiting = None

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        waiting = self._waiting = loop.create_future()
        loop.add_writer(self._fd, self._wake)
        try:
            await waiting
        finally:
            if self._waiting is waiting:
                self._wake()


class Pipes:
    """The pipes of one process. A context manager that closes what was lent, and what nobody took."""

    def __init__(self, *, stdin: bool, tty: bool) -> None:
        self._lent: list[int] = []
        self._readers: dict[str, Reader] = {}
        self._writer: Writer | None = None
        source = self._source() if stdin else None
        output = self._output("stdout")
        self.stdio: spec.Streams | spec.Terminal
        if tty:
            self.stdio = spec.Terminal(source if source is not None else self._silence(), output, ROWS, COLUMNS)
        else:
            self.stdio = spec.Streams(source, output, self._output("stderr"))

    def __enter__(self) -> "Pipes":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for fd in self._lent:
            os.close(fd)
        for reader in self._readers.values():
            reader.close()
        if self._writer is not None:
            self._writer.close()

    def take(self) -> tuple[dict[str, Reader], Writer | None]:
        """Our ends, the caller's from now on: what to read, by the stream's name, and where to write."""
        taken = self._readers, self._writer
        self._readers, self._writer = {}, None
        return taken

    def _source(self) -> int:
        reader, writer = os.pipe()
        self._lent.append(reader)
        self._writer = Writer(writer)
        return reader

    def _silence(self) -> int:
        self._lent.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        return self._lent[-1]

    def _output(self, stream: str) -> int:
        reader, writer = os.pipe()
        self._readers[stream] = Reader(reader)
        self._lent.append(writer)
        return writer
