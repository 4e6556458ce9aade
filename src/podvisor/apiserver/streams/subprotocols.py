"""The WebSocket subprotocols of exec and attach, old and new: from a client's messages to those of v4 and back.

https://kubernetes.io/docs/reference/using-api/websockets/ and apimachinery `pkg/util/remotecommand`. In all of them the
first byte, or digit, of a message is its channel. Before v4 the error channel carries words and not a Status, and
nothing where all went well; the forms in base64 are text.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from podvisor.base.http import Request

_ERROR = 3
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a client speaks, and what the node is spoken to in its stead."""

    name: str
    """As the handshake names it; empty for a client that names none."""
    node: str
    is_text: bool = False
    """Messages are base64 after the channel's digit."""
    has_status: bool = True
    """Whether the error channel ends with a Status."""

    def to_node(self, message: bytes | str) -> bytes:
        """A client's message as v4 has it. Raises ValueError for one that is none."""
        if not self.is_text:
            return message.encode() if isinstance(message, str) else message
        if isinstance(message, bytes) or message[:1] not in _DIGITS:
            raise ValueError("a message without a channel")
        try:
            return bytes([int(message[0])]) + base64.b64decode(message[1:], validate=True)
        except binascii.Error as error:
            raise ValueError("a message that is not base64") from error

    def to_client(self, message: bytes) -> bytes | str | None:
        """A node's message as this client reads it; None for one that it does not get."""
        if message[:1] == bytes([_ERROR]) and not self.has_status:
            words = _words(message[1:])
            if not words:
                return None
            message = message[:1] + words
        return f"{message[0]}{base64.b64encode(message[1:]).decode()}" if self.is_text and message else message


_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
PROTOCOLS = (
    Protocol(_V5, _V5),
    Protocol(_V4, _V4),
    Protocol("v4.base64.channel.k8s.io", _V4, is_text=True),
    Protocol("channel.k8s.io", _V4, has_status=False),
    Protocol("base64.channel.k8s.io", _V4, is_text=True, has_status=False),
)
_UNNAMED = Protocol("", _V4, has_status=False)
_KNOWN = {protocol.name: protocol for protocol in PROTOCOLS}


def chosen(offered: Sequence[str]) -> Protocol | None:
    """The first of what a client offers that is known here; to offer nothing means the oldest of all."""
    if not offered:
        return _UNNAMED
    return next((_KNOWN[name] for name in offered if name in _KNOWN), None)


def offered(request: Request) -> Sequence[str]:
    """What the client's `Sec-WebSocket-Protocol` headers list."""
    headers = request.headers.getall("Sec-WebSocket-Protocol", ())
    return [name for header in headers for part in header.split(",") if (name := part.strip())]


def _words(status: bytes) -> bytes:
    """What a Status says went wrong; nothing for a success."""
    try:
        content = orjson.loads(status)
    except orjson.JSONDecodeError:
        return status
    return b"" if content.get("status") == "Success" else str(content.get("message", "")).encode()
