"""The switch: what it lives through, and what nobody gets from it."""

import asyncio
import os
import signal
import socket
import struct
from pathlib import Path

import pytest

from network.net import CLOCK, net
from network.test_streams import ASK, ERRNO, A, B
from podvisor.network.services import Backends, Port
from podvisor.network.switch import Switch
from podvisor.sandbox import errors

SERVICE = "10.96.0.10"
KEEP = """
import socket, sys
one = socket.create_connection((sys.argv[1], 8080), 10)
print("listening", flush=True)
open("/dev/shm/go").read()
one.sendall(b"still here")
one.shutdown(socket.SHUT_WR)
print(one.recv(100).decode())
"""


async def test_connections_go_on_without_the_switch_and_new_ones_wait_for_the_next():
    async with net(A, B) as it:
        await it.pods[A].run("first", "mkfifo /dev/shm/go")
        await it.serving(B)
        open_one = await it.serving(A, KEEP, B)
        os.kill(it.switch.pid, signal.SIGKILL)
        await it.switch.ended()
        new_one = await it.python(A, ASK, B, "8080", "3")
        await it.pods[A].run("other", "echo > /dev/shm/go")
        assert (await open_one.end())[0] == "still here\n"
        async with Switch(CLOCK) as second:
            it.switch = second
            await it.rejoin()
            assert (await new_one.end())[0] == f"3  {B}:8080 {A}\n"
            await it.service(SERVICE, 80, (B, 8080))
            assert (await it.ran(A, ASK, SERVICE, "80", "3")).split()[0] == "3"


async def test_a_switch_that_is_gone_says_so():
    async with Switch(CLOCK) as switch:
        await switch.ping()
        os.kill(switch.pid, signal.SIGKILL)
        await switch.ended()
        with pytest.raises(errors.Ended, match="podvisor-switch has ended"):
            await switch.ping()


async def test_a_service_of_the_machine_leads_to_its_one_address_only():
    with socket.create_server(("127.0.0.1", 0)) as wanted, socket.create_server(("127.0.0.1", 0)) as other:
        async with net(A, host=f"127.0.0.1:{wanted.getsockname()[1]}") as it:
            await it.switch.services({Port("TCP", SERVICE, 443): Backends(host=True)}, ())
            await it.service(SERVICE, 80, ("127.0.0.1", other.getsockname()[1]))
            client = await it.python(A, ERRNO, SERVICE, "443", "80")
            loop = asyncio.get_running_loop()
            wanted.setblocking(False)
            one, peer = await loop.sock_accept(wanted)
            one.close()
            assert peer[0] == "127.0.0.1"
            assert (await client.end())[0] == "connected\nEHOSTUNREACH\n"
            other.setblocking(False)
            with pytest.raises(BlockingIOError):
                other.accept()


async def test_an_api_server_that_is_down_refuses():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with net(A, host=f"127.0.0.1:{port}") as it:
            await it.switch.services({Port("TCP", SERVICE, 443): Backends(host=True)}, ())
            assert await it.ran(A, ERRNO, SERVICE, "443") == "ECONNREFUSED\n"


def ask(kind: int = 1, to: str = B, port: int = 8080, number: int = 7, **fields: int) -> bytes:
    """A packet of a kernel, docs/network.md; `source` is an address that it claims to have."""
    mapped = b"\0" * 10 + b"\xff\xff"
    source = mapped + socket.inet_aton(str(fields["source"])) if "source" in fields else bytes(16)
    transport = fields.get("transport", 6)
    return struct.pack(
        "=BBHI16s16sHH4x", kind, transport, 0, number, source, mapped + socket.inet_aton(to), 40000, port
    )


async def heard(kernel: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet of the switch to a kernel, and its descriptors."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(kernel, lambda: ready.done() or ready.set_result(None))
    try:
        async with CLOCK.timeout(20):
            await ready
    finally:
        loop.remove_reader(kernel)
    packet, fds, _, _ = socket.recv_fds(kernel, 100, 4)
    return packet, list(fds)


@pytest.mark.parametrize(
    "packet",
    [
        b"x",
        ask()[:-1],
        ask() + b"x",
        ask(kind=2),
        ask(kind=3),
        ask(kind=9),
        ask(transport=1),
        ask(source=B),
        b"\xff" * 48,
        os.urandom(47),
    ],
    ids=["short", "cut", "long", "answer", "incoming", "unknown", "raw", "claims another address", "ones", "noise"],
)
async def test_a_kernel_that_speaks_nonsense_or_for_another_pod_is_hung_up_on(packet: bytes):
    async with Switch(CLOCK) as switch:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                await switch.pod("hostile", (A,), theirs.fileno())
            ours.send(packet)
            assert await heard(ours) == (b"", [])
        await switch.ping()


async def test_descriptors_that_a_kernel_sends_reach_nobody():
    async with net(B) as it:
        await it.serving(B)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mine, kept = os.pipe()
        with ours:
            with theirs:
                await it.switch.pod("hostile", (A,), theirs.fileno())
            socket.send_fds(ours, [ask()], [kept])
            os.close(kept)
            assert await heard(ours) == (b"", [])
            # Whoever held the writing end has closed it.
            assert os.read(mine, 1) == b""
        os.close(mine)


async def test_a_kernel_that_does_not_read_harms_nobody_else():
    async with net(A, B) as it:
        await it.serving(B)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                await it.switch.pod("hostile", ("10.42.0.66",), theirs.fileno())
            ours.setblocking(False)
            for number in range(20_000):
                try:
                    ours.send(ask(number=number, port=1))
                except BlockingIOError:
                    break
            assert (await it.ran(A, ASK, B, "8080", "3")).split()[0] == "3"


@pytest.mark.parametrize("packet", [b"x", b"\xff" * 48, ask(), ask(kind=3), ask(kind=2), ask(kind=2) + b"x"])
async def test_a_switch_that_speaks_nonsense_is_left_by_the_kernel_which_goes_on(packet: bytes):
    async with net(A) as it:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            await it.pods[A].sandbox.network(theirs.fileno())
            theirs.close()
            socket.send_fds(ours, [packet], [ours.fileno()])
            assert await heard(ours) == (b"", [])
        await it.rejoin()
        assert await it.ran(A, ERRNO, "192.0.2.1", "80") == "ENETUNREACH\n"


def answer(number: int) -> bytes:
    return struct.pack("=BBHI40x", 2, 0, 0, number)


def incoming(port: int) -> bytes:
    mapped = b"\0" * 10 + b"\xff\xff"
    return struct.pack("=BBHI16s16sHH4x", 3, 6, 0, 0, mapped + bytes(4), mapped + socket.inet_aton(A), 1, port)


@pytest.mark.parametrize("packet", [answer(0), answer(12345), incoming(8080), incoming(1)])
async def test_descriptors_that_are_no_streams_harm_nothing(packet: bytes):
    """Answers that nobody asked for, and connections that are none."""
    async with net(A) as it:
        await it.serving(A)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        read, write = os.pipe()
        with ours:
            with theirs:
                await it.pods[A].sandbox.network(theirs.fileno())
            socket.send_fds(ours, [packet], [read])
            ours.send(packet)
        await it.rejoin()
        assert (await it.ran(A, ASK, "127.0.0.1", "8080", "3")).split()[0] == "3"
        os.close(read)
        os.close(write)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"\x6f", "ECONNREFUSED"),
        (b"\xff", "ECONNREFUSED"),
        (b"", "ECONNREFUSED"),
        (b"\x71", "EHOSTUNREACH"),
        (b"\0", "connected"),
    ],
)
async def test_a_kernel_that_is_reached_says_one_of_a_few_things(first: bytes, expected: str):
    """A hostile kernel answers for its pod; whatever it says, connect(2) fails with an error of its own or stands."""
    async with net(A) as it:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                await it.switch.pod("hostile", (B,), theirs.fileno())
            client = await it.python(A, ERRNO, B, "80")
            packet, [end] = await heard(ours)
            assert (packet[0], packet[24 - 4 : 24]) == (3, socket.inet_aton(A))
            with socket.socket(fileno=end) as stream:
                if first:
                    stream.send(first)
                else:
                    stream.close()
                assert (await client.end())[0] == f"{expected}\n"


def status_of(process: int) -> dict[str, str]:
    """/proc/PID/status, by field."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def test_the_switch_is_confined():
    async with Switch(CLOCK) as switch:
        await switch.ping()
        status = status_of(switch.pid)
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
