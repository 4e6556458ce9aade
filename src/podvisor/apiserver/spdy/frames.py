"""Frames: from bytes as they come to what the peer says, and back (2.2 and 2.6).

Decides what is well formed and how large a frame may be. What is not is a ProtocolError, after which nothing that the
peer sends can be understood: its header compression is out of step.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from podvisor.apiserver.spdy.headers import BadBlock, Packer, Unpacker

MAX_CONTROL = 16 << 10
"""Bytes of a control frame. Data frames may have the 16 MiB of the format: they are handed on as they come."""
FIN, UNIDIRECTIONAL = 1, 2
_VERSION = 3
_CONTROL = 1 << 31
_NUMBER = _CONTROL - 1
_WORD = struct.Struct(">I")
_PAIR = struct.Struct(">II")


class Kind(IntEnum):
    """The types of control frames."""

    SYN_STREAM = 1
    SYN_REPLY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PING = 6
    GOAWAY = 7
    HEADERS = 8
    WINDOW_UPDATE = 9


class Why(IntEnum):
    """Why a stream is reset (2.6.3)."""

    PROTOCOL_ERROR = 1
    INVALID_STREAM = 2
    REFUSED_STREAM = 3
    CANCEL = 5


class ProtocolError(ConnectionError):
    """What a peer sent is not SPDY."""


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream: a frame, or a part of one."""

    stream: int
    data: bytes
    fin: bool = False


@dataclass(frozen=True, slots=True)
class SynStream:
    """The peer opens a stream."""

    stream: int
    headers: Mapping[str, str]
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Headers:
    """A SYN_REPLY, or further headers of a stream."""

    stream: int
    headers: Mapping[str, str]
    fin: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """A stream is over, both ways."""

    stream: int
    why: int


@dataclass(frozen=True, slots=True)
class Ping:
    """To be sent back to the side that began."""

    number: int


@dataclass(frozen=True, slots=True)
class GoAway:
    """No stream is to be opened any more."""


Frame: TypeAlias = Data | SynStream | Headers | Reset | Ping | GoAway


class Decoder:
    """Reads what one side sends."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._unpacker = Unpacker()
        self._data = Data(0, b"")
        """The data frame of which `_left` bytes are to come; stream 0 while there is none."""
        self._left = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """What is said by now. To be read to its end. Raises ProtocolError."""
        self._held += data
        while self._held or self._data.stream:
            if self._data.stream:
                if self._left and not self._held:
                    return
                yield self._part()
            elif (head := self._head()) is None:
                return
            elif not head[0] & _CONTROL:
                self._begin_data(*head)
            elif (content := self._content(head[1] & 0xFFFFFF)) is None:
                return
            elif (frame := self._parse(head[0], head[1] >> 24, content)) is not None:
                yield frame

    def _head(self) -> tuple[int, int] | None:
        return _PAIR.unpack_from(self._held) if len(self._held) >= _PAIR.size else None

    def _begin_data(self, stream: int, rest: int) -> None:
        if stream == 0:
            raise ProtocolError("data for stream 0")
        del self._held[: _PAIR.size]
        self._data, self._left = Data(stream, b"", bool(rest >> 24 & FIN)), rest & 0xFFFFFF

    def _part(self) -> Data:
        """What has come of a data frame; only its last part can say that the stream is at its end."""
        frame, part = self._data, bytes(self._held[: self._left])
        del self._held[: len(part)]
        self._left -= len(part)
        if self._left:
            return Data(frame.stream, part)
        self._data = Data(0, b"")
        return Data(frame.stream, part, frame.fin)

    def _content(self, length: int) -> bytes | None:
        """The content of a control frame, once all of it is here."""
        if length > MAX_CONTROL:
            raise ProtocolError(f"a control frame of {length} bytes")
        end = _PAIR.size + length
        if len(self._held) < end:
            return None
        content = bytes(self._held[_PAIR.size : end])
        del self._held[:end]
        return content

    def _parse(self, word: int, flags: int, content: bytes) -> Frame | None:
        """A control frame; None for one that says nothing here, such as a window that nobody keeps to."""
        version, kind = word >> 16 & 0x7FFF, word & 0xFFFF
        if version != _VERSION:
            raise ProtocolError(f"version {version} of SPDY")
        try:
            match kind:
                case Kind.SYN_STREAM:
                    stream, _ = _PAIR.unpack_from(content)
                    return SynStream(_stream(stream), self._unpacker.unpack(content[10:]), flags)
                case Kind.SYN_REPLY | Kind.HEADERS:
                    (stream,) = _WORD.unpack_from(content)
                    return Headers(_stream(stream), self._unpacker.unpack(content[4:]), bool(flags & FIN))
                case Kind.RST_STREAM:
                    stream, why = _PAIR.unpack(content)
                    return Reset(_stream(stream), why)
                case Kind.PING:
                    return Ping(*_WORD.unpack(content))
                case Kind.GOAWAY:
                    return GoAway()
                case _:
                    return None
        except (struct.error, BadBlock) as error:
            raise ProtocolError(f"a control frame of type {kind}: {error}") from None


class Encoder:
    """Writes what one side sends. Frames with headers have to be sent in the order in which they are made."""

    def __init__(self) -> None:
        self._packer = Packer()

    def syn_stream(self, stream: int, headers: Mapping[str, str], flags: int = 0) -> bytes:
        """Open a stream."""
        return control(Kind.SYN_STREAM, _PAIR.pack(stream, 0) + bytes(2) + self._packer.pack(headers), flags)

    def syn_reply(self, stream: int, headers: Mapping[str, str]) -> bytes:
        """Accept a stream."""
        return control(Kind.SYN_REPLY, _WORD.pack(stream) + self._packer.pack(headers))


def control(kind: int, content: bytes, flags: int = 0) -> bytes:
    """A control frame."""
    return _PAIR.pack(_CONTROL | _VERSION << 16 | kind, flags << 24 | len(content)) + content


def data(stream: int, content: bytes, *, fin: bool = False) -> bytes:
    """A data frame, of at most 16 MiB."""
    return _PAIR.pack(stream, (FIN if fin else 0) << 24 | len(content)) + content


def reset(stream: int, why: Why) -> bytes:
    """End a stream both ways."""
    return control(Kind.RST_STREAM, _PAIR.pack(stream, why))


def ping(number: int) -> bytes:
    """Answer a ping, with its number."""
    return control(Kind.PING, _WORD.pack(number))


def go_away(last: int, *, broken: bool) -> bytes:
    """Open no stream after `last`: the peer broke the protocol, or nothing more is wanted."""
    return control(Kind.GOAWAY, _PAIR.pack(last, 1 if broken else 0))


def window_update(stream: int, more: int) -> bytes:
    """Send so many bytes more on a stream, or for 0 on all together."""
    return control(Kind.WINDOW_UPDATE, _PAIR.pack(stream, more))


def _stream(number: int) -> int:
    if not number & _NUMBER:
        raise BadBlock("it is for stream 0")
    return number & _NUMBER
