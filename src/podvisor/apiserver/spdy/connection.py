"""A connection with its streams, as the server's end of it.

    connection = Connection(wire, opened)
    await connection.serve()        # until the client ends it

`opened` is told of each stream that the client opens, and raises Rejected for one that it does not want. Kubernetes'
servers open none.

A client may have MAX_STREAMS open, and as much as MAX_HELD unread; then it is not read from until somebody reads one of
its streams, as moby/spdystream does it. The windows of SPDY/3.1 are told to clients that keep to them. Those of clients
are not kept to: Kubernetes' (moby/spdystream) never enlarge theirs, and expect that nobody cares. What holds a fast
sender back is that `write` waits for the wire.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from podvisor.apiserver.spdy import frames
from podvisor.apiserver.spdy.frames import FIN, UNIDIRECTIONAL, Frame, ProtocolError, Why
from podvisor.base.bytestreams import ByteStream

MAX_STREAMS = 2048
"""Of one connection. `kubectl port-forward` opens two for each connection that it takes."""
MAX_HELD = 1 << 20
"""Bytes that have come and that nobody has read, of all streams together."""
_WINDOW_STEP = 32 << 10
"""Half of a window as it is at first (2.6.8): so much is read before the client is told."""
_PIECE = 64 << 10


class Rejected(Exception):
    """A stream that is not wanted."""


class Stream:
    """One stream: see ByteStream. `headers` are those that the client opened it with, their names in lower case."""

    def __init__(self, connection: "Connection", number: int, headers: "dict[str, str]", flags: int) -> None:
        self.number = number
        self.headers = headers
        self._connection = connection
        self._unread: deque[bytes] = deque()
        self._read = 0
        """Bytes that the client was not told yet that they were read."""
        self._news = asyncio.Event()
        self._peer_finished = bool(flags & FIN)
        self._finished = bool(flags & UNIDIRECTIONAL)
        self._lost = False

    async def read(self) -> bytes:
        """See ByteStream."""
        if self._read >= _WINDOW_STEP and not self._peer_finished:
            told, self._read = self._read, 0
            await self._connection.tell_read(self.number, told)
        while not self._unread:
            if self._lost:
                raise ConnectionResetError("the stream was reset")
            if self._peer_finished:
                return b""
            self._news.clear()
            await self._news.wait()
        data = self._unread.popleft()
        self._read += len(data)
        self._connection.release(len(data))
        return data

    async def write(self, data: bytes) -> None:
        """See ByteStream."""
        for begin in range(0, len(data), _PIECE):
            self._check_open()
            await self._connection.send(frames.data(self.number, data[begin : begin + _PIECE]))

    async def finish(self) -> None:
        """See ByteStream."""
        if self._lost or self._finished:
            return
        self._finished = True
        await self._connection.send(frames.data(self.number, b"", fin=True))
        self._forget_if_over()

    async def reset(self, why: Why = Why.CANCEL) -> None:
        """End it both ways, whatever is on its way. To be called by whoever does not read to the end."""
        if self._lost:
            return
        over = self._finished and self._peer_finished
        self.lose()
        if not over:
            await self._connection.send(frames.reset(self.number, why))

    def take(self, data: bytes, *, fin: bool) -> int:
        """Keep what has come for whoever reads; the bytes that are kept. For the connection."""
        if self._lost or self._peer_finished:
            return 0
        if data:
            self._unread.append(data)
        self._peer_finished = fin
        self._news.set()
        self._forget_if_over()
        return len(data)

    def lose(self) -> None:
        """It is over both ways; what was not read is dropped. For the connection."""
        self._lost = True
        self._news.set()
        self._connection.release(sum(map(len, self._unread)))
        self._unread.clear()
        self._connection.forget(self.number)

    def _check_open(self) -> None:
        if self._lost or self._finished:
            raise ConnectionResetError("the stream was reset")

    def _forget_if_over(self) -> None:
        if self._finished and self._peer_finished:
            self._connection.forget(self.number)


class Connection:
    """See the head of this file."""

    def __init__(self, wire: ByteStream, opened: Callable[[Stream], None]) -> None:
        self._wire = wire
        self._opened = opened
        self._decoder = frames.Decoder()
        self._encoder = frames.Encoder()
        self._streams: dict[int, Stream] = {}
        self._last = 0
        self._held = 0
        self._room = asyncio.Event()
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Read until the client ends the connection or breaks the protocol; then all streams are lost."""
        try:
            while data := await self._wire.read():
                for frame in self._decoder.feed(data):
                    await self._take(frame)
                while self._held > MAX_HELD:
                    self._room.clear()
                    await self._room.wait()
        except ProtocolError:
            await self.send(frames.go_away(self._last, broken=True))
        finally:
            for stream in tuple(self._streams.values()):
                stream.lose()

    async def close(self) -> None:
        """Say that no stream is wanted any more."""
        await self.send(frames.go_away(self._last, broken=False))

    async def send(self, frame: bytes) -> None:
        """Send a frame. Raises ConnectionError."""
        async with self._sending:
            await self._wire.write(frame)

    async def tell_read(self, stream: int, count: int) -> None:
        """Enlarge the client's windows: that of a stream and that of the connection. For streams."""
        await self.send(frames.window_update(stream, count) + frames.window_update(0, count))

    def release(self, count: int) -> None:
        """So much of what has come was read or dropped. For streams."""
        self._held -= count
        self._room.set()

    def forget(self, number: int) -> None:
        """A stream is over. For streams."""
        self._streams.pop(number, None)

    async def _take(self, frame: Frame) -> None:
        match frame:
            case frames.Data(number, data, fin):
                if (stream := self._streams.get(number)) is not None:
                    self._held += stream.take(data, fin=fin)
            case frames.SynStream():
                await self._open(frame)
            case frames.Reset(number):
                if (stream := self._streams.get(number)) is not None:
                    stream.lose()
            case frames.Headers(number, _, fin):
                if (stream := self._streams.get(number)) is not None:
                    stream.take(b"", fin=fin)
            case frames.Ping(number):
                if number % 2:  # A client's, who counts odd; an even one answers ours, and we send none.
                    await self.send(frames.ping(number))
            case frames.GoAway():
                pass  # Its streams go on, and nobody here wants to open one.

    async def _open(self, frame: frames.SynStream) -> None:
        """Streams are numbered upwards, those of clients odd (2.3.2)."""
        if frame.stream <= self._last or frame.stream % 2 == 0:
            raise ProtocolError(f"stream {frame.stream} after {self._last}")
        self._last = frame.stream
        if len(self._streams) >= MAX_STREAMS:
            await self.send(frames.reset(frame.stream, Why.REFUSED_STREAM))
            return
        stream = self._streams[frame.stream] = Stream(self, frame.stream, dict(frame.headers), frame.flags)
        # Before anybody can write on it: a client takes no data of a stream whose reply has not come.
        await self.send(self._encoder.syn_reply(frame.stream, {}))
        try:
            self._opened(stream)
        except Rejected:
            await stream.reset(Why.PROTOCOL_ERROR)
