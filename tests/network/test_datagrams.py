"""UDP between pods: what a program sees of it is what it sees on Linux, and a flood costs who sends it."""

import os
import signal

import pytest

from network.net import CLOCK, net
from network.test_streams import A, B, C
from podvisor.network.policy import Changes, Rules
from podvisor.network.services import Backends, Port
from podvisor.network.switch import Switch

SERVICE = "10.96.0.9"

ECHO = """
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1] if len(sys.argv) > 1 else "0.0.0.0", 5353))
print("listening", flush=True)
while True:
    data, peer = server.recvfrom(65536)
    server.sendto(f"{peer[0]} ".encode() + data, peer)
"""
"""Sends back what came, and who sent it before it."""

ASK = """
import socket, sys
to, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(20)
one.sendto(b"x" * size, (to, port))
data, peer = one.recvfrom(70000)
print(len(data), data[:60].rstrip(b"x").decode().strip(), "%s:%s" % peer, one.getsockname()[0])
"""


async def test_a_datagram_reaches_another_pod_and_both_see_who_sends():
    async with net(A, B) as it:
        await it.serving(B, ECHO)
        assert await it.ran(A, ASK, B, "5353", "1") == f"{len(A) + 2} {A} {B}:5353 0.0.0.0\n"
        assert (await it.ran(A, ASK, B, "5353", "0")).split()[0] == f"{len(A) + 1}"
        assert (await it.ran(A, ASK, B, "5353", "60000")).split()[0] == f"{len(A) + 60001}"


CONNECTED = """
import errno, select, socket, sys
def attempt(what, *words):
    try:
        return what(*words)
    except OSError as error:
        return errno.errorcode[error.errno]
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(20)
one.connect((sys.argv[1], int(sys.argv[2])))
print(one.getsockname()[0], "%s:%s" % one.getpeername())
print(attempt(one.send, b"x"), attempt(one.recv, 100), attempt(one.send, bytes(65508)))
"""


async def test_a_connected_socket_has_a_pods_address_and_hears_that_nobody_listens():
    async with net(A, B) as it:
        await it.serving(B, ECHO)
        assert await it.ran(A, CONNECTED, B, "5353") == f"{A} {B}:5353\n1 b'{A} x' EMSGSIZE\n"
        assert await it.ran(A, CONNECTED, B, "9") == f"{A} {B}:9\n1 ECONNREFUSED EMSGSIZE\n"


async def test_a_connected_socket_hears_of_a_server_that_has_gone_and_of_one_that_has_come():
    server = """
import socket, sys
for text in ("first", "second"):
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 5353))
    print("listening", flush=True)
    open("/dev/shm/" + text).read()
    _, peer = server.recvfrom(100)
    server.sendto(text.encode(), peer)
    server.close()
    open("/dev/shm/" + text + "-gone", "w").write("x")
"""
    client = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(20)
one.connect((sys.argv[1], 5353))
def ask():
    one.send(b"x")
    try:
        print(one.recv(100).decode(), flush=True)
    except ConnectionRefusedError:
        print("refused", flush=True)
for _ in range(3):
    ask()
    input()
"""
    async with net(A, B) as it:
        await it.pods[B].run("pipes", "cd /dev/shm; mkfifo first first-gone second second-gone")
        served = await it.python(B, server)
        assert await served.line() == "listening"
        script = client.replace("input()", "open('/dev/shm/next').read()")
        await it.pods[A].run("pipes", "mkfifo /dev/shm/next")
        await it.pods[B].run("open-first", "echo > /dev/shm/first")
        asking = await it.python(A, script, B)
        assert await asking.line() == "first"
        # The socket is closed once the next line can be written.
        await it.pods[B].run("closed", "cat /dev/shm/first-gone")
        assert await served.line() == "listening"
        await it.pods[B].run("open-second", "echo > /dev/shm/second")
        await it.pods[A].run("next", "echo > /dev/shm/next")
        assert await asking.line() == "second"
        await it.pods[B].run("closed-again", "cat /dev/shm/second-gone")
        await it.pods[A].run("last", "echo > /dev/shm/next")
        assert await asking.line() == "refused"
        await it.pods[A].run("end", "echo > /dev/shm/next")


ERRNO = """
import errno, socket, sys
for port in sys.argv[2:]:
    for name in ("sendto", "connect"):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(name == "connect")
        try:
            one.sendto(b"x", (sys.argv[1], int(port))) if name == "sendto" else one.connect((sys.argv[1], int(port)))
            print("done", end=" ")
        except OSError as error:
            print(errno.errorcode[error.errno], end=" ")
print()
"""


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("10.42.0.99", "ENETUNREACH"),
        ("192.0.2.1", "ENETUNREACH"),
        ("169.254.169.254", "ENETUNREACH"),
        (SERVICE, "done"),
        (B, "done"),
    ],
)
async def test_what_cannot_be_reached_is_said_at_once_whether_a_socket_waits_or_not(to: str, expected: str):
    async with net(A, B) as it:
        await it.switch.services({Port("UDP", SERVICE, 53): Backends()}, ())
        assert (await it.ran(A, ERRNO, to, "53", "81")).split() == [expected] * 4


async def test_a_service_leads_to_its_pods_and_answers_come_from_its_address():
    async with net(A, B, C) as it:
        for pod in (B, C):
            await it.serving(pod, ECHO.replace('f"{peer[0]} "', f'"{pod} "'))
        await it.switch.services({Port("UDP", SERVICE, 53): Backends(((B, 5353), (C, 5353)))}, ())
        found = [(await it.ran(A, ASK, SERVICE, "53", "1")).split() for _ in range(12)]
        assert {words[1] for words in found} == {B, C}
        assert {words[2] for words in found} == {f"{SERVICE}:53"}
        await it.switch.services({Port("UDP", SERVICE, 53): Backends(((B, 5353), (C, 5353)), affinity=10800)}, ())
        found = [(await it.ran(A, ASK, SERVICE, "53", "1")).split() for _ in range(6)]
        assert len({words[1] for words in found}) == 1


async def test_a_service_without_endpoints_refuses_who_is_connected():
    async with net(A) as it:
        await it.switch.services({Port("UDP", SERVICE, 53): Backends()}, ())
        assert await it.ran(A, CONNECTED, SERVICE, "53") == f"{A} {SERVICE}:53\n1 ECONNREFUSED EMSGSIZE\n"


async def test_a_socket_keeps_to_its_endpoint_until_that_serves_no_more():
    client = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(0.2)
one.connect((sys.argv[1], 53))
def ask():
    while True:
        try:
            one.send(b"x")
            return one.recv(100).decode().split()[0]
        except TimeoutError:
            pass
first = ask()
print(first, len({ask() for _ in range(20)}), flush=True)
open("/dev/shm/go").read()
while ask() == first:
    pass
print("moved")
"""
    async with net(A, B, C) as it:
        for pod in (B, C):
            await it.serving(pod, ECHO.replace('f"{peer[0]} "', f'"{pod} "'))
        both = ((B, 5353), (C, 5353))
        await it.pods[A].run("pipe", "mkfifo /dev/shm/go")
        await it.switch.services({Port("UDP", SERVICE, 53): Backends(both)}, ())
        asking = await it.python(A, client, SERVICE)
        first, count = (await asking.line()).split()
        assert count == "1"
        rest = tuple(one for one in both if one[0] != first)
        await it.switch.services({Port("UDP", SERVICE, 53): Backends(rest)}, ())
        await it.pods[A].run("go", "echo > /dev/shm/go")
        assert (await asking.end())[0] == "moved\n"


async def test_a_pod_reaches_itself_through_its_service():
    async with net(A) as it:
        await it.serving(A, ECHO)
        await it.switch.services({Port("UDP", SERVICE, 53): Backends(((A, 5353),))}, ())
        assert await it.ran(A, ASK, SERVICE, "53", "1") == f"{len(A) + 2} {A} {SERVICE}:53 0.0.0.0\n"
        assert await it.ran(A, CONNECTED, SERVICE, "53") == f"{A} {SERVICE}:53\n1 b'{A} x' EMSGSIZE\n"


async def test_a_socket_of_loopback_is_for_its_own_pod_alone():
    async with net(A, B) as it:
        await it.serving(B, ECHO, "127.0.0.1")
        assert await it.ran(A, CONNECTED, B, "5353") == f"{A} {B}:5353\n1 ECONNREFUSED EMSGSIZE\n"
        assert (await it.ran(B, ASK, "127.0.0.1", "5353", "1")).split()[1] == "127.0.0.1"


async def test_a_datagram_that_is_too_long_for_its_reader_is_cut_and_says_so():
    serve = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 5353))
print("listening", flush=True)
data, _, flags, peer = server.recvmsg(3)
whole = server.recv_into(bytearray(3), 3, socket.MSG_TRUNC)
print(data, bool(flags & socket.MSG_TRUNC), whole, server.recv(9), peer[0])
"""
    send = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for data in (b"first", b"second", b"third"):
    one.sendto(data, (sys.argv[1], 5353))
"""
    async with net(A, B) as it:
        served = await it.serving(B, serve)
        await it.ran(A, send, B)
        assert (await served.end())[0] == f"b'fir' True 6 b'third' {A}\n"


async def test_datagrams_go_on_without_the_switch_and_new_ones_after_the_next():
    keep = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(20)
def ask(port):
    one.sendto(b"x", (sys.argv[1], port))
    return one.recv(100).decode()
print(ask(5353), flush=True)
open("/dev/shm/go").read()
print(ask(5353))
"""
    async with net(A, B) as it:
        await it.pods[A].run("pipe", "mkfifo /dev/shm/go")
        await it.serving(B, ECHO)
        kept = await it.python(A, keep, B)
        assert await kept.line() == f"{A} x"
        os.kill(it.switch.pid, signal.SIGKILL)
        await it.switch.ended()
        await it.pods[A].run("go", "echo > /dev/shm/go")
        assert (await kept.end())[0] == f"{A} x\n"
        fresh = await it.python(B, ASK, A, "5353", "1")
        async with Switch(CLOCK) as second:
            it.switch = second
            await it.serving(A, ECHO)
            await it.rejoin()
            assert (await fresh.end())[0].split()[1] == B
            assert (await it.ran(A, ASK, B, "5353", "1")).split()[1] == A


FLOOD = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.sendto(bytes(1000), (sys.argv[1], 5353))
print("listening", flush=True)
while True:
    one.sendto(bytes(1000), (sys.argv[1], 5353))
"""


async def test_a_flood_that_nobody_reads_leaves_room_for_others():
    serve = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", 5353))
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.bind(("0.0.0.0", 5354))
print("listening", flush=True)
# Nobody reads the first until the good pod has sent.
print(other.recv(100))
server.settimeout(20)
while server.recv(2000) != b"good":
    pass
print("found")
"""
    good = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.sendto(b"good", (sys.argv[1], 5353))
one.sendto(b"sent", (sys.argv[1], 5354))
"""
    async with net(A, B, C) as it:
        served = await it.serving(B, serve)
        await it.serving(A, FLOOD, B)
        await it.ran(C, good, B)
        assert (await served.end())[0] == "b'sent'\nfound\n"


async def test_a_policy_holds_for_datagrams_too_also_where_some_went_before():
    client = """
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(20)
one.connect((sys.argv[1], 5353))
one.send(b"before")
print(one.recv(100).decode(), flush=True)
open("/dev/shm/go").read()
print(one.send(b"barred"), flush=True)
open("/dev/shm/go").read()
one.settimeout(0.1)
while True:
    try:
        one.send(b"after")
        print(one.recv(100).decode())
        break
    except TimeoutError:
        pass
"""
    async with net(A, B) as it:
        await it.serving(B, ECHO)
        await it.pods[A].run("pipe", "mkfifo /dev/shm/go")
        asking = await it.python(A, client, B)
        assert await asking.line() == f"{A} before"
        await it.switch.policies(Changes({B: Rules(ingress=())}, {}, [], []))
        await it.pods[A].run("first", "echo > /dev/shm/go")
        assert await asking.line() == "6"
        await it.switch.policies(Changes({}, {}, [B], []))
        await it.pods[A].run("second", "echo > /dev/shm/go")
        assert (await asking.end())[0] == f"{A} after\n"
