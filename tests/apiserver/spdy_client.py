"""A client of SPDY/3.1 that says exactly what a test wants, over TLS of its own."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from podvisor.apiserver.spdy import frames

SECONDS = 30
"""How long a test waits for what must come."""


@dataclass
class Client:
    """The connection after the upgrade, and what has come on its streams."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    head: str
    """The server's answer to the upgrade."""
    encoder: frames.Encoder = field(default_factory=frames.Encoder)
    decoder: frames.Decoder = field(default_factory=frames.Decoder)
    heard: list[frames.Frame] = field(default_factory=list)
    last: int = -1

    @property
    def code(self) -> int:
        return int(self.head.split(" ", 2)[1])

    def open(self, *, flags: int = 0, **headers: str) -> int:
        """Open a stream; its number."""
        self.last += 2
        self.writer.write(self.encoder.syn_stream(self.last, headers, flags))
        return self.last

    def send(self, stream: int, data: bytes, *, fin: bool = False) -> None:
        self.writer.write(frames.data(stream, data, fin=fin))

    async def next(self) -> frames.Frame | None:
        """The next frame, windows aside; None at the end of the connection."""
        while not self.heard:
            async with asyncio.timeout(SECONDS):
                data = await self.reader.read(65536)
            if not data:
                return None
            self.heard.extend(self.decoder.feed(data))
        return self.heard.pop(0)

    async def until_end(self, *streams: int) -> Mapping[int, bytes]:
        """What comes on these streams until each has ended. One that the server has finished is reset, as client-go
        does it with the data of a forwarded port."""
        found = dict.fromkeys(streams, b"")
        going = set(streams)
        while going and (frame := await self.next()) is not None:
            match frame:
                case frames.Data(stream, data, fin) if stream in found:
                    found[stream] += data
                    if fin:
                        going -= {stream}
                        self.writer.write(frames.reset(stream, frames.Why.CANCEL))
                case frames.Reset(stream):
                    going -= {stream}
        return found

    async def until(self, stream: int, text: bytes) -> bytes:
        """What comes on a stream until this was in it."""
        found = b""
        while text not in found and (frame := await self.next()) is not None:
            if isinstance(frame, frames.Data) and frame.stream == stream:
                found += frame.data
        return found


@asynccontextmanager
async def connected(
    address: str, path: str, tls: ssl.SSLContext, protocols: Sequence[str], upgrade: str = "SPDY/3.1"
) -> AsyncGenerator[Client]:
    """The connection after POST `path` was answered, whatever the answer is."""
    host, port = address.removeprefix("https://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), ssl=tls)
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", f"Upgrade: {upgrade}"]
    lines += [f"X-Stream-Protocol-Version: {name}" for name in protocols]
    lines += ["Content-Length: 0"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    try:
        yield Client(reader, writer, head)
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
