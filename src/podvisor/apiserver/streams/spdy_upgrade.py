"""The upgrade of a request to SPDY/3.1, and the protocol that is spoken on its streams.

Clients that know no WebSockets ask for it, with `X-Stream-Protocol-Version` (apimachinery `pkg/util/httpstream`); the
words of a refusal are upstream's. Newer ones ask for a WebSocket that carries SPDY, and name both in its subprotocol.
"""

from collections.abc import Awaitable, Callable, Sequence

from multidict import CIMultiDict

from podvisor.base.bytestreams import ByteStream
from podvisor.base.http import Answer, Close, Request, Takeover, WebSocket

TUNNEL = "SPDY/3.1+"
"""How the subprotocol of a WebSocket begins that carries SPDY; what follows is the protocol of its streams."""
_PROTOCOL = "X-Stream-Protocol-Version"
_ACCEPTED = "X-Accepted-Stream-Protocol-Versions"
_INVALID = 1003
"""Why a WebSocket ends: a message of a type that is not taken (RFC 6455 7.4.1)."""


class NotNegotiated(Exception):
    """No protocol that both sides know; `answer` says so."""

    def __init__(self, code: int, text: str, headers: CIMultiDict[str] | None = None) -> None:
        super().__init__(text)
        headers = headers if headers is not None else CIMultiDict[str]()
        headers["Content-Type"] = "text/plain; charset=utf-8"
        self.answer = Answer(code, headers, f"unable to upgrade: {text}\n".encode())


def is_wanted(request: Request) -> bool:
    """True if the client asks for plain SPDY."""
    asks = "upgrade" in request.headers.get("Connection", "").lower()
    return asks and "spdy/3.1" in request.headers.get("Upgrade", "").lower()


def negotiate(request: Request, known: Sequence[str]) -> str:
    """The first protocol of those that the client names which is known. Raises NotNegotiated."""
    given = request.headers.getall(_PROTOCOL, [])
    if not given:
        text = f"header {_PROTOCOL} does not exist in request with {len(request.headers)} headers"
        raise NotNegotiated(400, text)
    named = [name for header in given for part in header.split(",") if (name := part.strip())]
    if not named:
        raise NotNegotiated(400, f"header {_PROTOCOL} contains [{' '.join(given)}], but no valid protocols")
    if (chosen := next((name for name in named if name in known), None)) is None:
        accepted = CIMultiDict((_ACCEPTED, name) for name in known)
        text = f"unable to negotiate protocol: client supports [{' '.join(named)}], server accepts [{' '.join(known)}]"
        raise NotNegotiated(403, text, accepted)
    return chosen


def upgrade(protocol: str, run: Callable[[ByteStream], Awaitable[None]]) -> Answer:
    """The answer after which SPDY is spoken, by `run`."""
    headers = CIMultiDict({"Connection": "Upgrade", "Upgrade": "SPDY/3.1", _PROTOCOL: protocol})
    return Answer(101, headers, Takeover(run))


class Tunnel:
    """A WebSocket whose binary messages are the bytes of SPDY: see ByteStream."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket

    async def read(self) -> bytes:
        while True:
            match await self._socket.receive():
                case Close():
                    return b""
                case str():
                    await self._socket.close(_INVALID)
                    return b""
                case bytes() as message:
                    if message:
                        return message

    async def write(self, data: bytes) -> None:
        await self._socket.send(data)

    async def finish(self) -> None:
        """A WebSocket ends both ways at once."""
