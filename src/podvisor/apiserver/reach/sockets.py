"""Connections to pods as sockets, for libraries that speak over sockets only."""

import asyncio
import socket
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType

from podvisor.base.bytestreams import ByteStream, SocketStream, relay


class Sockets:
    """Carries bytes between sockets that it gave away and the connections behind them.

    A connection ends with its socket. `close`, or leaving it as an async context manager, ends all.
    """

    def __init__(self) -> None:
        self._carrying: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Sockets":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self, dialing: AbstractAsyncContextManager[ByteStream]) -> socket.socket:
        """A socket that is joined with the connection, the caller's from now on. Raises what dialing raises."""
        ours, theirs = socket.socketpair()
        is_joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        carrying = asyncio.ensure_future(_carry(dialing, SocketStream(theirs), is_joined))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)
        try:
            await is_joined
        except BaseException:
            carrying.cancel()
            ours.close()
            raise
        ours.setblocking(False)
        return ours

    async def close(self) -> None:
        """End all connections."""
        while self._carrying:
            for one in self._carrying:
                one.cancel()
            await asyncio.wait(self._carrying)


async def _carry(
    dialing: AbstractAsyncContextManager[ByteStream], near: SocketStream, is_joined: "asyncio.Future[None]"
) -> None:
    try:
        async with dialing as far:
            if not is_joined.done():
                is_joined.set_result(None)
            with suppress(ConnectionError):
                await relay(near, far)
    except Exception as error:
        if is_joined.done():
            raise  # A bug: the connection itself tells its failures as ConnectionErrors.
        is_joined.set_exception(error)
    finally:
        near.close()
