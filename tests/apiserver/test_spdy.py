"""SPDY/3.1: frames as they come, and a peer that means harm."""

import asyncio
import random
import struct
import zlib

import pytest

from podvisor.apiserver.spdy import connection, frames, headers
from podvisor.apiserver.spdy.connection import Connection, Rejected, Stream
from podvisor.apiserver.spdy.frames import Data, Kind, ProtocolError, SynStream, Why

DICTIONARY_ID = 0xE3C6A7C2
"""What zlib calls the dictionary of SPDY/3 (RFC 1950 2.3), as every compressor of it sends."""


def said(*parts: bytes) -> list[frames.Frame]:
    decoder = frames.Decoder()
    return [frame for part in parts for frame in decoder.feed(part)]


def test_dictionary_is_that_of_spdy_3():
    assert zlib.adler32(headers.DICTIONARY) == DICTIONARY_ID


def test_frames_are_understood_however_they_are_cut():
    encoder = frames.Encoder()
    whole = encoder.syn_stream(1, {"streamType": "error", "port": "80"}) + encoder.syn_stream(3, {"a": "b"}, frames.FIN)
    whole += frames.data(1, b"x" * 100) + frames.data(1, b"", fin=True) + frames.ping(7) + frames.reset(3, Why.CANCEL)
    whole += frames.window_update(1, 5) + frames.go_away(0, broken=False)
    found = said(*(whole[place : place + 1] for place in range(len(whole))))
    opened = SynStream(1, {"streamtype": "error", "port": "80"}), SynStream(3, {"a": "b"}, frames.FIN)
    assert tuple(found[:2]) == opened
    data = [frame for frame in found if isinstance(frame, Data)]
    assert (b"".join(one.data for one in data), data[-1]) == (b"x" * 100, Data(1, b"", fin=True))
    assert not any(one.fin for one in data[:-1])
    assert found[-3:] == [frames.Ping(7), frames.Reset(3, Why.CANCEL), frames.GoAway()]
    assert said(whole) == [*opened, Data(1, b"x" * 100), Data(1, b"", fin=True), *found[-3:]]


def test_data_is_handed_on_before_its_frame_is_whole():
    assert said(frames.data(5, b"abcd" * 1000, fin=True)[:12]) == [Data(5, b"abcd")]


def syn(block: bytes, stream: int = 1) -> bytes:
    return frames.control(Kind.SYN_STREAM, struct.pack(">II", stream, 0) + bytes(2) + block)


def packed(plain: bytes) -> bytes:
    deflate = zlib.compressobj(zdict=headers.DICTIONARY)
    return deflate.compress(plain) + deflate.flush(zlib.Z_SYNC_FLUSH)


def pair(name: bytes, value: bytes, count: int = 1) -> bytes:
    return struct.pack(">II", count, len(name)) + name + struct.pack(">I", len(value)) + value


HOSTILE = {
    "another version": struct.pack(">II", 0x80020001, 10) + bytes(10),
    "a control frame of 16 MB": struct.pack(">II", 0x80030001, 0xFFFFFF),
    "one byte more than may be": struct.pack(">II", 0x80030008, frames.MAX_CONTROL + 1),
    "data of stream 0": frames.data(0, b"x"),
    "an empty frame for stream 0": frames.data(0, b""),
    "a stream 0": syn(packed(pair(b"a", b"b")), stream=0),
    "a stream 0 with the reserved bit": syn(packed(pair(b"a", b"b")), stream=1 << 31),
    "a stream without a block": syn(b""),
    "a frame shorter than its fields": frames.control(Kind.SYN_STREAM, b"\0\0\0\1"),
    "a reset of no length": frames.control(Kind.RST_STREAM, b""),
    "a reset with more": frames.control(Kind.RST_STREAM, bytes(12)),
    "a ping without a number": frames.control(Kind.PING, b""),
    "a reply without a stream": frames.control(Kind.SYN_REPLY, b"\0"),
    "no zlib": syn(b"\xff" * 40),
    "zlib with another dictionary": syn(zlib.compressobj(zdict=b"else").compress(b"x" * 9000)),
    "a bomb": syn(packed(pair(b"a", bytes(8 << 20)))),
    "a bomb of pairs": syn(packed(struct.pack(">I", 0xFFFFFFFF) + bytes(15 << 10))),
    "more pairs than there are": syn(packed(pair(b"a", b"b", count=2))),
    "fewer pairs than there are": syn(packed(pair(b"a", b"b", count=0))),
    "a name longer than the block": syn(packed(struct.pack(">II", 1, 0xFFFFFFFF) + b"a")),
    "a name that is empty": syn(packed(pair(b"", b"b"))),
    "a name in capitals": syn(packed(pair(b"Port", b"1"))),
    "a name twice": syn(packed(pair(b"a", b"b", count=2) + pair(b"a", b"c")[4:])),
    "a name that is no text": syn(packed(pair(b"\xff\xfe", b"b"))),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_spdy_is_refused(sent: bytes):
    with pytest.raises(ProtocolError):
        said(sent)


def test_noise_is_refused_or_understood_and_nothing_else():
    chance = random.Random(4)
    good = frames.Encoder().syn_stream(1, {"streamtype": "data", "port": "80"}) + frames.data(1, b"x" * 40)
    for _ in range(3000):
        noise = bytearray(good if chance.random() < 0.7 else chance.randbytes(60))
        for _ in range(chance.randrange(6)):
            noise[chance.randrange(len(noise))] = chance.randrange(256)
        try:
            said(bytes(noise[: chance.randrange(len(noise) + 1)]), bytes(noise))
        except ProtocolError:
            continue


class Wire:
    """What a client sends, and what it is sent."""

    def __init__(self) -> None:
        self.coming: asyncio.Queue[bytes] = asyncio.Queue()
        self.sent: list[frames.Frame] = []
        self.reads = 0
        self.emptied = asyncio.Event()
        self._decoder = frames.Decoder()

    async def read(self) -> bytes:
        self.reads += 1
        data = await self.coming.get()
        if self.coming.empty():
            self.emptied.set()
        return data

    async def write(self, data: bytes) -> None:
        self.sent.extend(self._decoder.feed(data))

    async def finish(self) -> None: ...


async def served(*sent: bytes, wanted: bool = True) -> tuple[Wire, list[Stream]]:
    """What becomes of this and then the end."""
    wire, streams = Wire(), list[Stream]()

    def opened(stream: Stream) -> None:
        if not wanted:
            raise Rejected
        streams.append(stream)

    for part in (*sent, b""):
        wire.coming.put_nowait(part)
    await Connection(wire, opened).serve()
    return wire, streams


async def test_stream_has_a_reply_before_anything_else_and_all_are_lost_at_the_end():
    wire, streams = await served(frames.Encoder().syn_stream(1, {"a": "b"}))
    assert wire.sent == [frames.Headers(1, {})]
    with pytest.raises(ConnectionError):
        await streams[0].read()
    with pytest.raises(ConnectionError):
        await streams[0].write(b"x")


async def test_stream_that_is_not_wanted_is_reset():
    wire, _ = await served(frames.Encoder().syn_stream(1, {}), wanted=False)
    assert wire.sent[-1] == frames.Reset(1, Why.PROTOCOL_ERROR)


@pytest.mark.parametrize("numbers", [(2,), (3, 1), (1, 1)])
async def test_numbers_of_streams_are_odd_and_grow(numbers: tuple[int, ...]):
    encoder = frames.Encoder()
    wire, streams = await served(*(encoder.syn_stream(number, {}) for number in numbers))
    assert isinstance(wire.sent[-1], frames.GoAway)
    assert len(streams) == len(numbers) - 1


async def test_there_is_a_bound_on_open_streams(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "MAX_STREAMS", 2)
    encoder = frames.Encoder()
    opened = [encoder.syn_stream(number, {}) for number in (1, 3, 5)]
    wire, streams = await served(*opened, frames.reset(1, Why.CANCEL), encoder.syn_stream(7, {}))
    assert [stream.number for stream in streams] == [1, 3, 7]
    assert frames.Reset(5, Why.REFUSED_STREAM) in wire.sent


async def test_pings_are_answered_and_those_of_a_server_are_not():
    wire, _ = await served(frames.ping(1) + frames.ping(2) + frames.ping(3))
    assert wire.sent == [frames.Ping(1), frames.Ping(3)]


async def test_client_that_nobody_reads_is_not_read_from_until_somebody_does():
    wire, streams = Wire(), list[Stream]()
    piece, encoder = bytes(64 << 10), frames.Encoder()
    pieces = connection.MAX_HELD // len(piece) + 10
    wire.coming.put_nowait(encoder.syn_stream(1, {}))
    for _ in range(pieces):
        wire.coming.put_nowait(frames.data(1, piece))
    wire.coming.put_nowait(frames.data(1, b"", fin=True))
    serving = asyncio.ensure_future(Connection(wire, streams.append).serve())
    for _ in range(1000):  # Many more turns than reading everything would take.
        await asyncio.sleep(0)
    assert wire.reads == 1 + connection.MAX_HELD // len(piece) + 1
    read = 0
    while data := await streams[0].read():
        read += len(data)
    assert read == pieces * len(piece)
    wire.coming.put_nowait(b"")
    await serving


async def test_what_a_stream_drops_makes_room_for_others():
    wire, streams = Wire(), list[Stream]()
    serving = asyncio.ensure_future(Connection(wire, streams.append).serve())
    encoder = frames.Encoder()
    wire.coming.put_nowait(encoder.syn_stream(1, {}) + encoder.syn_stream(3, {}))
    wire.coming.put_nowait(frames.data(1, bytes(connection.MAX_HELD + 1)))
    await wire.emptied.wait()
    wire.coming.put_nowait(frames.data(3, b"other", fin=True))
    await streams[0].reset()
    assert await streams[1].read() == b"other"
    wire.coming.put_nowait(b"")
    await serving
