"""A request that asks for another protocol, such as a WebSocket: once the pod agrees, bytes pass both ways."""

import asyncio
from contextlib import AsyncExitStack, suppress

from multidict import CIMultiDict

from podvisor.apiserver.proxying import headers
from podvisor.base.bytestreams import CHUNK, ByteStream, relay
from podvisor.base.clock import Clock
from podvisor.base.http import Answer, Takeover
from podvisor.types import status

HEAD_BYTES = 64 << 10
"""Of the head of a pod's answer."""
ANSWER_SECONDS = 30.0
"""How long a pod may take to agree."""
_BODY_BYTES = 64 << 10
"""Of what a pod says where it does not agree; the rest is dropped."""


class Connection:
    """A connection of asyncio's: see ByteStream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        return await self.reader.read(CHUNK)

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def finish(self) -> None:
        if self._writer.can_write_eof():
            self._writer.write_eof()

    async def close(self) -> None:
        """End it both ways."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def pass_on(backend: Connection, head: bytes, clock: Clock, held: AsyncExitStack) -> Answer:
    """Send the request and answer as the pod does; `held` is what the connection hangs on, and ends with it.

    Raises Unavailable and InternalError.
    """
    try:
        code, given, body = await _asked(backend, head, clock)
    except BaseException:
        await held.aclose()
        raise
    passed = headers.of_answer(given)
    if code != 101:
        passed.pop("Content-Length", None)
        await held.aclose()
        return Answer(code, passed, body)

    async def run(wire: ByteStream) -> None:
        async with held:
            with suppress(ConnectionError):
                await _until_one_ends(wire, backend)

    return Answer(101, headers.of_upgrade(given, passed), Takeover(run))


async def _asked(backend: Connection, head: bytes, clock: Clock) -> tuple[int, CIMultiDict[str], bytes]:
    """What the pod says: the code, the headers and, where it does not agree, the body."""
    body = b""
    try:
        async with clock.timeout(ANSWER_SECONDS):
            await backend.write(head)
            code, given = _parsed(await backend.reader.readuntil(b"\r\n\r\n"))
            if code >= 400:
                body = await backend.reader.read(_BODY_BYTES)
    except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError, ValueError) as error:
        raise status.Unavailable(f"error trying to reach service: {error}") from error
    if code < 400 and code != 101:
        raise status.InternalError(f"invalid upgrade response: status code {code}")
    return code, given, body


async def _until_one_ends(wire: ByteStream, backend: ByteStream) -> None:
    """The client's side has no half of an end: where the pod ends, both do."""
    await relay(wire, _Whole(backend))


class _Whole:
    """A connection that is lost as soon as its peer has ended it."""

    def __init__(self, inner: ByteStream) -> None:
        self._inner = inner
        self.write, self.finish = inner.write, inner.finish

    async def read(self) -> bytes:
        if not (data := await self._inner.read()):
            raise ConnectionResetError("the pod has ended the connection")
        return data


def _parsed(head: bytes) -> tuple[int, CIMultiDict[str]]:
    """The code and the headers of an answer. Raises ValueError."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
        raise ValueError(f"malformed HTTP response {first[:100]!r}")
    pairs = [line.partition(":") for line in lines if line]
    if any(not separator or not name.strip() or name != name.strip() for name, separator, _ in pairs):
        raise ValueError("malformed MIME header")
    return int(words[1]), CIMultiDict((name, value.strip()) for name, _, value in pairs)
