"""Asking a container whether it is healthy over gRPC, in the kubelet's words.

One call of grpc.health.v1.Health/Check (https://github.com/grpc/grpc/blob/master/doc/health-checking.md) over HTTP/2
without TLS. No I/O: `Check` takes what has been received, and says what is to be sent.
"""

import struct
from urllib.parse import unquote

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from podvisor.node.http_probe import AGENT

LONGEST = 4096
"""How much of an answer is looked at; it has two bytes."""
_SERVING = 1
_STATUSES = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
_UNAVAILABLE, _UNIMPLEMENTED = 14, 12
_CODES = (
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)


class Unhealthy(Exception):
    """The container is not healthy, or did not say so; the text says why."""


class Check:
    """One question to a server at `authority` (host:port) about a service of it, or about all of it."""

    def __init__(self, authority: str, service: str) -> None:
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._headers: dict[str, str] = {}
        self._body = b""
        self._http.initiate_connection()
        self._http.send_headers(1, _request(authority))
        self._http.send_data(1, _question(service), end_stream=True)

    def to_send(self) -> bytes:
        """What is to be sent by now."""
        return self._http.data_to_send()

    def take(self, data: bytes) -> bool:
        """Take in what was received; an empty piece is its end. True once the container has said that it is healthy.

        Raises Unhealthy.
        """
        if not data:
            raise _failed(_UNAVAILABLE, "error reading from server: EOF")
        try:
            events = self._http.receive_data(data)
        except (h2.exceptions.ProtocolError, UnicodeDecodeError) as error:
            raise _failed(_UNAVAILABLE, f"connection error: {error}") from error
        return any(self._heed(event) for event in events)

    def _heed(self, event: h2.events.Event) -> bool:
        match event:
            case h2.events.ResponseReceived() | h2.events.TrailersReceived():
                self._headers |= {str(name): str(value) for name, value in event.headers}
            case h2.events.DataReceived():
                self._body = (self._body + event.data)[:LONGEST]
                self._http.acknowledge_received_data(event.flow_controlled_length, 1)
            case h2.events.StreamReset():
                raise _failed(_UNAVAILABLE, f"stream terminated by RST_STREAM with error code: {event.error_code!s}")
            case h2.events.ConnectionTerminated():
                raise _failed(_UNAVAILABLE, "the server closed the connection")
            case h2.events.StreamEnded():
                _judge(self._headers, self._body)
                return True
            case _:
                pass
        return False


def _request(authority: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", authority),
        ("content-type", "application/grpc"),
        ("user-agent", AGENT),
        ("te", "trailers"),
    ]


def _question(service: str) -> bytes:
    """A HealthCheckRequest as a gRPC message; its field 1 is the service."""
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    return struct.pack(">BI", 0, len(message)) + message


def _judge(headers: dict[str, str], body: bytes) -> None:
    """Raise Unhealthy unless a whole answer says SERVING."""
    if (code := headers.get(":status")) != "200":
        raise _failed(_UNAVAILABLE, f"unexpected HTTP status code received from server: {code}")
    status = headers.get("grpc-status", "")
    if not status.isdecimal():
        raise _failed(2, "the server's answer has no status")
    if int(status):
        raise _failed(int(status), unquote(headers.get("grpc-message", "")))
    serving = _status(body[5:])
    if serving != _SERVING:
        shown = _STATUSES[serving] if serving < len(_STATUSES) else str(serving)
        raise Unhealthy(f'service unhealthy (responded with "{shown}")')


def _failed(code: int, message: str) -> Unhealthy:
    if code == _UNIMPLEMENTED:
        protocol = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"
        return Unhealthy(f"{protocol}: {message}")
    name = _CODES[code] if code < len(_CODES) else f"Code({code})"
    return Unhealthy(f"error: health rpc probe failed: rpc error: code = {name} desc = {message}")


def _status(message: bytes) -> int:
    """Field 1 of a HealthCheckResponse, a varint; what has other fields first is none of ours and counts as unknown."""
    if not message.startswith(b"\x08"):
        return 0
    value = 0
    for place, byte in enumerate(message[1:6]):
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            break
    return value


def _varint(number: int) -> bytes:
    parts: list[int] = []
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
