"""The cluster's DNS as programs in pods meet it: at an address of the network, by UDP and TCP."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dnslib
import pytest

from network.net import CLOCK, Net, net
from network.test_dns_server import WIDE, Outside, question
from network.test_streams import A, B
from network.test_zone import ZONE
from podvisor.base import tasks
from podvisor.network.dns.server import Responder, Server
from podvisor.network.dns.zone import Zone
from podvisor.network.listening import Listening, Service

DNS = "10.96.0.10"


class Elsewhere(Outside):
    """A forwarder that knows one name, and of all others that there are none."""

    async def ask(self, message: bytes, *, tcp: bool) -> bytes | None:
        reply = dnslib.DNSRecord.parse(message).reply()
        reply.header.rcode = dnslib.RCODE.NXDOMAIN
        return await super().ask(message, tcp=tcp) or reply.pack()


@asynccontextmanager
async def resolving(*addresses: str, zone: Zone = ZONE) -> AsyncIterator[Net]:
    """Pods, and the DNS on their switch."""
    async with net(*addresses) as it, serving(zone) as listening:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            await it.switch.pod("node", (DNS,), theirs.fileno())
        async with tasks.background() as scope:
            scope.start(listening.hear(ours))
            yield it


@asynccontextmanager
async def serving(zone: Zone = ZONE) -> AsyncIterator[Listening]:
    """The node's part, without a switch."""
    async with tasks.background() as scope:
        server = Server(Responder(zone, CLOCK, Elsewhere()), CLOCK, lambda: 0)
        listening = Listening(Service(53, server.answer, server.converse), scope.start)
        yield listening
        listening.close()


RESOLVE = """
import socket, sys
open("/etc/resolv.conf", "w").write("search default.svc.cluster.local\\nnameserver 10.96.0.10\\noptions ndots:5\\n")
for name in sys.argv[1:]:
    try:
        found = socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)
        print(name, sorted({one[4][0] for one in found}))
    except socket.gaierror as error:
        print(name, error.args[0] == socket.EAI_NONAME)
"""


async def test_glibc_finds_names_and_that_there_are_none():
    async with resolving(A) as it:
        text = await it.ran(A, RESOLVE, "db.data.svc.cluster.local", "nobody", "away", "example.org")
        assert text.splitlines() == [
            "db.data.svc.cluster.local ['10.1.0.1', '10.1.0.2']",
            "nobody True",
            "away ['192.0.2.1']",
            "example.org ['192.0.2.1']",
        ]


async def test_what_does_not_fit_comes_by_tcp():
    async with resolving(A, zone=WIDE) as it:
        script = RESOLVE.replace("sorted({one[4][0] for one in found})", "len({one[4][0] for one in found})")
        assert await it.ran(A, script, "many") == "many 300\n"


async def test_other_ports_of_the_node_are_refused():
    script = """
import socket
one = socket.socket()
print(one.connect_ex(("10.96.0.10", 80)))
two = socket.socket(type=socket.SOCK_DGRAM)
two.settimeout(20)
two.connect(("10.96.0.10", 80))
two.send(b"x")
try:
    two.recv(1)
except ConnectionRefusedError as error:
    print(error.errno)
"""
    async with resolving(A) as it:
        assert await it.ran(A, script) == "111\n111\n"


async def test_who_floods_does_not_keep_others_from_answers():
    flood = """
import socket
one = socket.socket(type=socket.SOCK_DGRAM)
one.connect(("10.96.0.10", 53))
print("listening", flush=True)
while True:
    one.send(b"x" * 600)
"""
    async with resolving(A, B) as it:
        await it.serving(A, flood)
        assert await it.ran(B, RESOLVE, "web.default.svc.cluster.local") == (
            "web.default.svc.cluster.local ['10.96.0.7', 'fd00::7']\n"
        )


def incoming(transport: int, port: int = 53, kind: int = 3) -> bytes:
    mapped = b"\0" * 10 + b"\xff\xff"
    near, far = mapped + socket.inet_aton(A), mapped + socket.inet_aton(DNS)
    return struct.pack("=BBHI16s16sHH4x", kind, transport, 0, 0, near, far, 40000, port)


async def read(end: socket.socket) -> bytes:
    """What comes next on a socket."""
    end.setblocking(False)
    async with CLOCK.timeout(20):
        return await asyncio.get_running_loop().sock_recv(end, 4096)


@asynccontextmanager
async def hostile(kind: int, packet: bytes) -> AsyncIterator[tuple[socket.socket, socket.socket]]:
    """The sockets of a switch, and of a pod's kernel that has come by it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    near, far = socket.socketpair(socket.AF_UNIX, kind)
    async with serving() as listening, tasks.background() as scope:
        scope.start(listening.hear(ours))
        with near, theirs:
            with far:
                socket.send_fds(theirs, [packet], [far.fileno()])
            yield theirs, near


async def test_a_question_is_answered_where_it_came_from():
    asked = question("web.default.svc.cluster.local")
    async with hostile(socket.SOCK_SEQPACKET, incoming(17)) as (_, channel):
        for port in (40000, 40001, 40000):
            channel.send(struct.pack("=BBH", 1, 0, port) + asked)
            answer = await read(channel)
            assert struct.unpack("=BBH", answer[:4]) == (1, 0, port)
            assert str(dnslib.DNSRecord.parse(answer[4:]).a.rdata) == "10.96.0.7"


@pytest.mark.parametrize("packet", [b"x", b"\xff" * 48, incoming(17)[:-1], incoming(17) + b"x"])
async def test_a_switch_that_speaks_nonsense_is_left(packet: bytes):
    async with hostile(socket.SOCK_SEQPACKET, packet) as (switch, channel):
        assert await read(channel) == b""
        assert await read(switch) == b""


@pytest.mark.parametrize("packet", [b"\1\0", b"x"])
async def test_a_kernel_that_speaks_nonsense_is_hung_up_on(packet: bytes):
    async with hostile(socket.SOCK_SEQPACKET, incoming(17)) as (_, channel):
        channel.send(packet)
        assert await read(channel) == b""


@pytest.mark.parametrize(("port", "first"), [(53, b"\0"), (54, b"\x6f")])
async def test_a_connection_hears_first_whether_it_stands(port: int, first: bytes):
    async with hostile(socket.SOCK_STREAM, incoming(6, port)) as (_, stream):
        assert (await read(stream))[:1] == first
