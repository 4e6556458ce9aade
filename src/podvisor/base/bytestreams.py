"""Bytes both ways with two ends that close apart, whatever carries them: a socket, a WebSocket, a stream of SPDY."""

import asyncio
import socket
from contextlib import suppress
from typing import Protocol

CHUNK = 1 << 16
"""Bytes that are read at once."""


class ByteStream(Protocol):
    """One end. Where the peer is gone, rather than through, each of these may raise ConnectionError."""

    async def read(self) -> bytes:
        """Some bytes; none at the end of what the peer sends."""
        ...

    async def write(self, data: bytes) -> None:
        """Send all of it. Returns once there is room for more."""
        ...

    async def finish(self) -> None:
        """Say that nothing more will be sent; the peer may go on sending."""
        ...


class SocketStream:
    """A connected stream socket. Owns it; `close` ends both ways, and is also what an `async with` ends with."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected

    async def read(self) -> bytes:
        """See ByteStream."""
        return await asyncio.get_running_loop().sock_recv(self._socket, CHUNK)

    async def write(self, data: bytes) -> None:
        """See ByteStream."""
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def finish(self) -> None:
        """See ByteStream."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise ConnectionResetError(str(error)) from error

    def close(self) -> None:
        """End it. Nothing may wait in `read` or `write`."""
        self._socket.close()


async def relay(one: ByteStream, other: ByteStream) -> None:
    """Carry bytes both ways until both are through. Raises ConnectionError as soon as one of them is gone."""
    copies = [asyncio.ensure_future(_copy(one, other)), asyncio.ensure_future(_copy(other, one))]
    try:
        done, _ = await asyncio.wait(copies, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.wait(copies)
    for copy in done:
        copy.result()


async def _copy(source: ByteStream, sink: ByteStream) -> None:
    while data := await source.read():
        await sink.write(data)
        await asyncio.sleep(0)  # A source that always has more must not keep others from theirs.
    with suppress(ConnectionError):
        await sink.finish()
