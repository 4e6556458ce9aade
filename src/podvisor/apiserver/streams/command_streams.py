"""exec and attach over SPDY/3.1: a client's streams, as the one WebSocket that `attach` joins with the node's.

kubectl before 1.30 and `remotecommand.NewSPDYExecutor` of client-go open a stream for each of stdin, stdout, stderr,
resize and error, by their header `streamType` (kubelet `pkg/cri/streaming/remotecommand`). Here they become the
channels of v5.channel.k8s.io and back.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager, suppress

from podvisor.apiserver.spdy.connection import Connection, Rejected, Stream
from podvisor.apiserver.streams.subprotocols import Protocol
from podvisor.base import tasks
from podvisor.base.bytestreams import ByteStream
from podvisor.base.clock import Clock
from podvisor.base.http import Close

OPEN_SECONDS = 30.0
"""How long a client may take to open its streams (the kubelet's DefaultStreamCreationTimeout)."""
LINGER_SECONDS = 2.0
"""How long a client may take to end the connection. Ended by this side while the client still sends, what it was sent
last could be lost on the way (RFC 9112 9.6)."""
_STDIN, _RESIZE, _CLOSE = 0, 4, 255
_CHANNELS = {"stdin": _STDIN, "stdout": 1, "stderr": 2, "error": 3, "resize": _RESIZE}
_GOING_AWAY = 1001
"""Why a WebSocket ends (RFC 6455 7.4.1)."""
_LARGEST_SIZE = 1024
"""Bytes of what says a terminal's size."""
_V5 = "v5.channel.k8s.io"
PROTOCOLS: Mapping[str, Protocol] = {
    "v4.channel.k8s.io": Protocol("v4.channel.k8s.io", _V5),
    "v3.channel.k8s.io": Protocol("v3.channel.k8s.io", _V5, has_status=False),
    "v2.channel.k8s.io": Protocol("v2.channel.k8s.io", _V5, has_status=False),
    "channel.k8s.io": Protocol("channel.k8s.io", _V5, has_status=False),
}
"""What is spoken over SPDY. Before v4 the error stream carries words and not a Status."""
SIZED = ("v4.channel.k8s.io", "v3.channel.k8s.io")
"""Those with a stream for the size of a terminal."""


@asynccontextmanager
async def opened(wire: ByteStream, wanted: Collection[str], clock: Clock) -> AsyncGenerator["Streams"]:
    """The streams of a client, once all that are wanted are there. Raises ConnectionError where they never are."""
    streams = Streams(wanted)
    connection = Connection(wire, streams.opened)
    async with tasks.background() as scope:
        serving = scope.start(_serve(connection, streams), name="SPDY")
        try:
            async with clock.timeout(OPEN_SECONDS):
                await streams.are_open.wait()
        except TimeoutError:
            raise ConnectionResetError("timed out waiting for client to create streams") from None
        scope.start(streams.read_input(), name="SPDY stdin")
        scope.start(streams.read_sizes(), name="SPDY resize")
        yield streams
        with suppress(ConnectionError, TimeoutError):
            await connection.close()
            async with clock.timeout(LINGER_SECONDS):
                await asyncio.wait({serving})


async def _serve(connection: Connection, streams: "Streams") -> None:
    with suppress(ConnectionError):
        await connection.serve()
    streams.lose()


class Streams:
    """See WebSocket; its messages are those of v5.channel.k8s.io."""

    protocol = _V5

    def __init__(self, wanted: Collection[str]) -> None:
        self.are_open = asyncio.Event()
        self.closed = False
        self._wanted = frozenset(wanted)
        self._streams: dict[str, Stream] = {}
        self._coming: asyncio.Queue[bytes] = asyncio.Queue(1)
        self._lost = asyncio.Event()

    def opened(self, stream: Stream) -> None:
        """For the connection: a stream that the client opens."""
        kind = stream.headers.get("streamtype", "")
        if kind not in self._wanted or kind in self._streams:
            raise Rejected(f'unexpected stream type: "{kind}"')
        self._streams[kind] = stream
        if len(self._streams) == len(self._wanted):
            self.are_open.set()

    def lose(self) -> None:
        """The client has gone."""
        self._lost.set()
        self.are_open.set()

    async def read_input(self) -> None:
        """Take what the client gives the command, and its end."""
        if (stream := self._streams.get("stdin")) is not None:
            with suppress(ConnectionError):
                while data := await stream.read():
                    await self._coming.put(bytes([_STDIN]) + data)
                await self._coming.put(bytes([_CLOSE, _STDIN]))

    async def read_sizes(self) -> None:
        """Take the sizes of the client's terminal: JSON, each on a line, however they are cut."""
        if (stream := self._streams.get("resize")) is not None:
            held = b""
            with suppress(ConnectionError):
                while data := await stream.read():
                    *sizes, held = (held + data).split(b"\n")
                    for size in sizes:
                        await self._coming.put(bytes([_RESIZE]) + size[:_LARGEST_SIZE])
                    held = held[:_LARGEST_SIZE]

    async def receive(self) -> bytes | Close:
        """See WebSocket."""
        getting = asyncio.ensure_future(self._coming.get())
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({getting, lost}, return_when=asyncio.FIRST_COMPLETED)
            return getting.result() if getting.done() else Close(_GOING_AWAY)
        finally:
            getting.cancel()
            lost.cancel()

    async def send(self, message: bytes | str) -> None:
        """See WebSocket. What the client has no stream for is dropped."""
        if not isinstance(message, bytes) or not message:
            return
        if message[0] == _CLOSE:
            if (stream := self._stream(message[1])) is not None:
                await stream.finish()
        elif (stream := self._stream(message[0])) is not None:
            await stream.write(message[1:])

    async def close(self, code: int) -> None:
        """See WebSocket: all streams are at their end."""
        self.closed = True
        for stream in self._streams.values():
            with suppress(ConnectionError):
                await stream.finish()

    def _stream(self, channel: int) -> Stream | None:
        return next((one for kind, one in self._streams.items() if _CHANNELS[kind] == channel), None)
