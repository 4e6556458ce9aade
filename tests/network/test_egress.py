"""Connections that leave the cluster, from programs in real pods: to where the operator allows it, and nowhere else.

No packet leaves the machine: the other side listens at an address of its own, which the bounds name. Loopback is a
pod's own, so that only who speaks for a kernel can ask the switch for it.
"""

import asyncio
import os
import socket

import pytest

from network.net import CLOCK, net
from network.test_policed import DROPPED, NOT_ANSWERED
from network.test_streams import ERRNO, NONBLOCKING, A
from network.test_switch import ask, heard
from podvisor.network.egress import EVERYTHING, Bounds, bounds, networks, parse
from podvisor.network.policy import Block, Changes, Rule, Rules
from podvisor.network.switch import Switch

ALIAS = "127.0.0.77"

TALK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 20) as one:
    one.sendall(b"hello")
    one.shutdown(socket.SHUT_WR)
    data = b""
    while piece := one.recv(1 << 16):
        data += piece
    print(len(data), "%s" % (one.getpeername()[0],), one.getsockname()[0])
"""


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Nothing is sent.
        except OSError:
            pytest.skip("the machine has no address but loopback")
        return str(probe.getsockname()[0])


def listening(address: str) -> socket.socket:
    """A listener of the machine."""
    server = socket.create_server((address, 0))
    server.setblocking(False)
    return server


def named(address: str) -> Bounds:
    """Everything, and beside it one address that is not part of everything."""
    return Bounds((*EVERYTHING, f"{address}/32"))


async def answer(server: socket.socket, size: int) -> bytes:
    """Take a connection, read it to its end, send so many bytes and end."""
    loop = asyncio.get_running_loop()
    async with CLOCK.timeout(20):
        one, _ = await loop.sock_accept(server)
        with one:
            data = b""
            while piece := await loop.sock_recv(one, 1 << 16):
                data += piece
            await loop.sock_sendall(one, bytes(size))
    return data


async def test_an_address_that_is_allowed_is_reached_and_both_halves_end_by_themselves():
    with listening(own_address()) as server:
        address, port = server.getsockname()
        async with net(A, bounds=named(address)) as it:
            client = await it.python(A, TALK, address, str(port))
            assert await answer(server, 3_000_000) == b"hello"
            assert (await client.end())[0] == f"3000000 {address} {A}\n"


async def test_a_socket_that_does_not_wait_learns_how_it_went():
    with listening(own_address()) as server, socket.socket() as unused:
        address, port = server.getsockname()
        unused.bind((address, 0))
        async with net(A, bounds=named(address)) as it:
            text = await it.ran(A, NONBLOCKING, address, str(port), str(unused.getsockname()[1]))
            assert text.splitlines()[:3] == ["EINPROGRESS False 0", "0 EISCONN", "EINPROGRESS True ECONNREFUSED"]


@pytest.mark.parametrize(
    "to",
    [
        "127.0.0.78",
        "169.254.169.254",
        "169.254.0.1",
        "168.63.129.16",
        "100.100.100.200",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "10.42.0.99",
        "10.96.7.7",
    ],
)
async def test_what_is_the_machines_or_the_clusters_own_is_unreachable_at_once(to: str):
    given = bounds(named(ALIAS).allow, (), ("10.42.0.0/24", "10.96.0.0/16"))
    async with net(bounds=given) as it:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                await it.switch.pod("hostile", (A,), theirs.fileno())
            # As a kernel that was taken over would ask: it need not know its own loopback.
            ours.send(ask(to=to, port=1))
            packet, fds = await heard(ours)
            assert (packet[:4], fds) == (b"\x02\0\x65\0", []), "ENETUNREACH"


async def test_the_unspecified_address_is_the_pod_itself_and_for_the_switch_nobody():
    with listening(ALIAS) as server:
        port = server.getsockname()[1]
        async with net(A, bounds=named(ALIAS)) as it:
            assert await it.ran(A, ERRNO, "0.0.0.0", str(port)) == "ECONNREFUSED\n"
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours:
                with theirs:
                    await it.switch.pod("hostile", ("10.42.0.66",), theirs.fileno())
                for to, errno in (("0.0.0.0", b"\x65\0"), (ALIAS, b"\x73\0")):
                    ours.send(ask(to=to, port=port))
                    packet, fds = await heard(ours)
                    assert packet[2:4] == errno
                    for fd in fds:
                        os.close(fd)


async def test_the_machines_own_addresses_are_not_part_of_everything():
    with listening(own_address()) as server:
        own, port = server.getsockname()
        async with net(A, bounds=Bounds(EVERYTHING)) as it:
            assert await it.ran(A, ERRNO, own, str(port)) == "ENETUNREACH\n"
            with pytest.raises(BlockingIOError):
                server.accept()
        async with net(A, bounds=Bounds((f"{own}/32",))) as it:
            assert await it.ran(A, ERRNO, own, str(port)) == "connected\n"


async def test_what_is_denied_is_denied_whatever_is_allowed_and_nothing_is_reached_without_bounds():
    with listening(own_address()) as server:
        own, port = server.getsockname()
        for given in (Bounds(named(own).allow, (f"{own}/32",)), Bounds()):
            async with net(A, bounds=given) as it:
                assert await it.ran(A, ERRNO, own, str(port)) == "ENETUNREACH\n"


async def test_a_policy_bars_what_the_bounds_allow_and_opens_nothing_that_they_do_not():
    with listening(own_address()) as server:
        own, port = server.getsockname()
        async with net(A, bounds=named(own)) as it:
            barred = Rules(egress=(Rule(blocks=(Block("0.0.0.0/0", (f"{own}/32",)),)),))
            await it.switch.policies(Changes({A: barred}, {}, [], []))
            assert await it.ran(A, NOT_ANSWERED, own, str(port)) == DROPPED
            assert await it.ran(A, ERRNO, "169.254.169.254", "80") == "ENETUNREACH\n"
            opened = Rules(egress=(Rule(blocks=(Block(f"{own}/32"),)),))
            await it.switch.policies(Changes({A: opened}, {}, [], []))
            assert await it.ran(A, ERRNO, own, str(port)) == "connected\n"


async def test_who_waits_for_an_answer_asks_again_and_makes_one_connection():
    """A kernel repeats its question; a host's connection that is being made is the same one."""
    with socket.socket() as full:
        full.bind((ALIAS, 0))
        full.listen(0)
        place = full.getsockname()
        with socket.create_connection(place):
            # The listener's queue is full: the host's SYN is not answered.
            async with Switch(CLOCK, None, named(ALIAS)) as switch:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with ours:
                    with theirs:
                        await switch.pod("a", (A,), theirs.fileno())
                    for number in (1, 2, 3):
                        ours.send(ask(to=ALIAS, port=place[1], number=number))
                    ours.send(ask(to="240.0.0.1", number=4))
                    assert (await heard(ours))[0][2:8] == b"\x65\0\x04\0\0\0", "all have been heard"
                    full.setblocking(False)
                    # Room for one: the host repeats its SYN, and the connection is made.
                    loop = asyncio.get_running_loop()
                    first, _ = await loop.sock_accept(full)
                    first.close()
                    packet, [end] = await heard(ours)
                    socket.socket(fileno=end).close()
                    assert packet[2:8] == b"\x73\0\x03\0\0\0", "the last question is answered"
                    second, _ = await loop.sock_accept(full)
                    second.close()
                    with pytest.raises(BlockingIOError):
                        full.accept()


def test_bounds_are_all_none_or_networks_and_say_what_is_none():
    assert parse("all") == ("0.0.0.0/0", "::/0")
    assert parse("none") == ()
    assert parse("10.0.0.0/8, 192.0.2.1,2001:db8::/32") == ("10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32")
    for wrong in ("10.0.0.1/8", "here", "10.0.0.0/33", "all,none"):
        with pytest.raises(ValueError, match="is no network"):
            networks(wrong)
