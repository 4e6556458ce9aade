"""The DNS server as clients meet it, by UDP and TCP."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.test_zone import Made
from podvisor.base.clock import SystemClock
from podvisor.network.dns import codec
from podvisor.network.dns.forwarding import Forwarder, resolvers
from podvisor.network.dns.server import Responder, serve
from podvisor.network.dns.zone import Endpoint, Record, Service, Zone

CLOCK = SystemClock()
ZONE = Zone("cluster.local", Made(), "10.96.0.10")
MANY = Service("default", "many")
WIDE = Zone(
    "cluster.local",
    Made((MANY,), {"many": [Endpoint(f"10.2.{index // 250}.{index % 250}") for index in range(300)]}),
    "10.96.0.10",
)


def question(name: str, kind: str = "A", *, size: int = 0) -> bytes:
    """A question of a client that takes `size` bytes by UDP."""
    asked = dnslib.DNSRecord.question(name, kind)
    if size:
        asked.add_ar(dnslib.EDNS0(udp_len=size))
    return asked.pack()


async def by_udp(address: str, message: bytes) -> dnslib.DNSRecord:
    """The answer to a datagram."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    class Waiting(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answer.set_result(data)

    host, _, port = address.rpartition(":")
    transport, _ = await loop.create_datagram_endpoint(Waiting, remote_addr=(host, int(port)))
    try:
        transport.sendto(message)
        return dnslib.DNSRecord.parse(await asyncio.wait_for(answer, 30))
    finally:
        transport.close()


async def by_tcp(address: str, *messages: bytes) -> list[dnslib.DNSRecord]:
    """The answers to some messages on one connection."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    found: list[dnslib.DNSRecord] = []
    for message in messages:
        writer.write(len(message).to_bytes(2, "big") + message)
        length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), 30), "big")
        found.append(dnslib.DNSRecord.parse(await reader.readexactly(length)))
    writer.close()
    await writer.wait_closed()
    return found


def addresses(answer: dnslib.DNSRecord) -> list[str]:
    """The data of the answers, in order."""
    return sorted(str(record.rdata) for record in answer.rr)


async def test_udp_and_tcp_answer_alike() -> None:
    asked = question("db.data.svc.cluster.local")
    async with serve(ZONE, CLOCK) as address:
        datagram, (stream, again) = await by_udp(address, asked), await by_tcp(address, asked, asked)
    assert addresses(datagram) == addresses(stream) == addresses(again) == ["10.1.0.1", "10.1.0.2"]
    assert datagram.header.id == dnslib.DNSRecord.parse(asked).header.id
    assert datagram.header.aa == 1


async def test_a_missing_name_is_nxdomain_with_a_soa() -> None:
    async with serve(ZONE, CLOCK) as address:
        missing = await by_udp(address, question("nobody.default.svc.cluster.local"))
        empty = await by_udp(address, question("web.default.svc.cluster.local", "TXT"))
    for answer, code in ((missing, dnslib.RCODE.NXDOMAIN), (empty, dnslib.RCODE.NOERROR)):
        assert answer.header.rcode == code
        assert answer.rr == []
        assert [record.rtype for record in answer.auth] == [dnslib.QTYPE.SOA]


async def test_answers_keep_the_case_of_the_question() -> None:
    async with serve(ZONE, CLOCK) as address:
        answer = await by_udp(address, question("wEb.DEFAULT.svc.cluster.local"))
    assert str(answer.rr[0].rname) == "wEb.DEFAULT.svc.cluster.local."


async def test_what_does_not_fit_is_asked_for_by_tcp() -> None:
    async with serve(WIDE, CLOCK) as address:
        cut = await by_udp(address, question("many.default.svc.cluster.local"))
        still = await by_udp(address, question("many.default.svc.cluster.local", size=65535))
        (whole,) = await by_tcp(address, question("many.default.svc.cluster.local"))
    assert (cut.header.tc, still.header.tc, whole.header.tc) == (1, 1, 0)
    assert len(whole.rr) == 300


async def test_names_of_others_are_refused_without_a_forwarder() -> None:
    async with serve(ZONE, CLOCK) as address:
        assert (await by_udp(address, question("example.org"))).header.rcode == dnslib.RCODE.REFUSED


class Outside:
    """A forwarder that knows one name."""

    async def ask(self, message: bytes, *, tcp: bool) -> bytes | None:
        asked = dnslib.DNSRecord.parse(message)
        if str(asked.q.qname) != "example.org.":
            return None
        reply = asked.reply()
        reply.add_answer(*dnslib.RR.fromZone("example.org 60 A 192.0.2.1"))
        return reply.pack()

    async def resolve(self, name: str, kind: str) -> Sequence[Record]:
        return [Record(name, "A", "192.0.2.1", 60)]


async def test_names_of_others_are_forwarded() -> None:
    async with serve(ZONE, CLOCK, forwarder=Outside()) as address:
        known = await by_udp(address, question("example.org"))
        (unknown,) = await by_tcp(address, question("example.net"))
        named = await by_udp(address, question("away.default.svc.cluster.local"))
    assert addresses(known) == ["192.0.2.1"]
    assert unknown.header.rcode == dnslib.RCODE.SERVFAIL
    assert [str(record.rdata) for record in named.rr] == ["example.org.", "192.0.2.1"]


def said(message: bytes) -> bytes | None:
    """What is said to a message, whatever it is."""
    try:
        asked = codec.decode(message)
    except codec.Malformed as error:
        return error.answer
    return Responder(ZONE, CLOCK).at_once(asked, asked.room)


@given(st.binary(max_size=600))
def test_any_bytes_get_an_answer_or_none(message: bytes) -> None:
    answer = said(message)
    assert answer is None or answer[:2] == message[:2]


@given(st.integers(2, 60), st.integers(0, 255))
def test_damaged_questions_get_an_answer_or_none(place: int, value: int) -> None:
    message = bytearray(question("web.default.svc.cluster.local", size=1232))
    message[place % len(message)] = value
    answer = said(bytes(message))
    assert answer is None or answer[:2] == message[:2]


async def test_a_client_that_says_nonsense_by_tcp_is_left() -> None:
    async with serve(ZONE, CLOCK) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x00\x05hello")
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
        assert addresses(await by_udp(address, question("web.default.svc.cluster.local"))) == ["10.96.0.7"]


class Resolver(asyncio.DatagramProtocol):
    """Somebody else's DNS server: counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = dnslib.DNSRecord.parse(data)
        self.asked.append(str(asked.q.qname))
        reply = asked.reply()
        if "missing" in self.asked[-1]:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
            reply.add_auth(*dnslib.RR.fromZone("example.org 60 SOA a. b. 1 2 3 4 60"))
        else:
            reply.add_answer(*dnslib.RR.fromZone("example.org 60 A 192.0.2.1"))
        # Somebody who guesses comes first: with another number, and with another name.
        self.transport.sendto(b"\0\0" + reply.pack()[2:] if data[:2] != b"\0\0" else b"x", addr)
        self.transport.sendto(reply.pack(), addr)


@asynccontextmanager
async def resolver() -> AsyncGenerator[tuple[Resolver, int]]:
    """One that runs on the loopback."""
    transport, made = await asyncio.get_running_loop().create_datagram_endpoint(Resolver, ("127.0.0.1", 0))
    try:
        yield made, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


@pytest.mark.parametrize("name", ["example.org", "missing.example.org"])
async def test_answers_of_resolvers_are_kept(name: str) -> None:
    async with resolver() as (made, port):
        forwarder = Forwarder(["127.0.0.1"], CLOCK, port=port)
        asked = [question(name), question(name.upper())]
        found = [dnslib.DNSRecord.parse(await forwarder.ask(one, tcp=False) or b"") for one in asked]
    assert made.asked == [f"{name}."]
    assert [one.header.id for one in found] == [dnslib.DNSRecord.parse(one).header.id for one in asked]
    assert str(found[1].q.qname) == f"{name.upper()}."
    assert found[0].header.rcode == found[1].header.rcode


async def test_a_resolver_that_is_not_there_is_no_answer() -> None:
    async with resolver() as (_, port):
        pass
    assert await Forwarder(["127.0.0.1"], CLOCK, port=port).ask(question("example.org"), tcp=False) is None
    assert await Forwarder([], CLOCK).resolve("example.org", "A") == ()


def test_resolvers_are_those_of_the_machine(tmp_path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# nameserver 1.1.1.1\nsearch a b\nnameserver 192.0.2.53\nnameserver\noptions edns0\nnameserver ::1\n"
    )
    assert resolvers(path) == ["192.0.2.53", "::1"]
    assert resolvers(tmp_path / "nowhere") == ()
