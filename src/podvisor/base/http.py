"""HTTP as data: what a server is asked and what it answers, whoever carries the two (RFC 9110).

A server that is written against these records runs behind any HTTP library, and inside the process of its caller.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from multidict import CIMultiDict, MultiMapping

from podvisor.base.bytestreams import ByteStream


class ClientGone(Exception):
    """The client went away before its request was whole: nobody reads an answer."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a connection."""

    address: tuple[object, ...] = ()
    """As `socket.accept` has it; empty where there is no connection."""
    certificate: Mapping[str, Any] | None = None
    """The certificate that it has shown and that TLS has verified, as `ssl.SSLSocket.getpeercert` gives it."""


NOBODY = Peer()


async def no_body() -> bytes:
    """The body of a request that has none."""
    return b""


async def no_chunks() -> AsyncIterator[bytes]:
    """The pieces of the body of a request that has none."""
    return
    yield


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose head is here and whose body may still be on its way."""

    method: str
    path: str
    """Decoded, without the query."""
    query: MultiMapping[str]
    headers: MultiMapping[str]
    """Found whatever the case of their names."""
    read: Callable[[], Awaitable[bytes]] = no_body
    """The whole body. Raises ClientGone."""
    peer: Peer = NOBODY
    raw_query: str = ""
    """The query as it was sent, for whoever passes it on."""
    chunks: Callable[[], AsyncIterator[bytes]] = no_chunks
    """The body as it comes, in place of `read`; of any size. Raises ClientGone."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request that is passed on to another server."""

    method: str
    url: str
    """Encoded; a path and its query where whoever sends it knows the server."""
    headers: CIMultiDict[str]
    body: AsyncIterator[bytes] | None = None


class Stream:
    """A body that comes in pieces. Whoever is given one closes it, whether it has begun or not."""

    def __init__(self, chunks: AsyncGenerator[bytes], held: AsyncExitStack | None = None) -> None:
        """`held` is what the chunks come from, which is closed with them."""
        self._chunks = chunks
        self._held = held

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def aclose(self) -> None:
        """Give up what was not read."""
        try:
            await self._chunks.aclose()
        finally:
            if self._held is not None:
                await self._held.aclose()


class Close(NamedTuple):
    """The end of a WebSocket, in place of a message."""

    code: int


class WebSocket(Protocol):
    """One end of a WebSocket (RFC 6455). What is sent to a peer that is gone raises ConnectionError."""

    @property
    def protocol(self) -> str:
        """The subprotocol that both sides agreed on; empty for none."""
        ...

    @property
    def closed(self) -> bool: ...

    async def receive(self) -> bytes | str | Close:
        """The next message: binary, text, or the end."""
        ...

    async def send(self, message: bytes | str) -> None:
        """Send a binary or a text message."""
        ...

    async def close(self, code: int) -> None:
        """End it, reading on until the peer has agreed."""
        ...


Accept: TypeAlias = Callable[[str], Awaitable[WebSocket]]
"""Accepts the client's upgrade with the subprotocol that is given."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """An answer that makes a WebSocket of the connection."""

    run: Callable[[Accept], Awaitable[None]]
    """Accepts, once, and speaks until the end."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """An answer 101 after which the connection speaks another protocol; its headers say which (RFC 9110 7.8)."""

    run: Callable[[ByteStream], Awaitable[None]]
    """Speaks until the end; then the connection is closed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers."""

    status: int = 200
    headers: CIMultiDict[str] = field(default_factory=CIMultiDict[str])
    body: bytes | Stream | Upgrade | Takeover = b""

    async def read(self) -> bytes:
        """The whole body; what streams is read to its end."""
        match self.body:
            case bytes():
                return self.body
            case Stream():
                return b"".join([chunk async for chunk in self.body])
            case Upgrade() | Takeover():
                raise TypeError("a connection that speaks something else has no body")


def content(body: bytes, media_type: str, status: int = 200) -> Answer:
    """A body and what it is."""
    return Answer(status, CIMultiDict({"Content-Type": media_type}), body)
