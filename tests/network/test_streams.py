"""TCP between pods: what a program sees of it is what it sees on Linux."""

import pytest

from network.net import ECHO, net

A, B, C = "10.42.0.2", "10.42.0.3", "10.42.0.4"
SERVICE = "10.96.0.10"

ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as one:
    one.sendall(b"x" * int(sys.argv[3]))
    one.shutdown(socket.SHUT_WR)
    data = b""
    while piece := one.recv(65536):
        data += piece
    print(len(data), data[:60].rstrip(b"x").decode(), "%s:%s" % one.getpeername(), one.getsockname()[0])
"""


async def test_a_pod_reaches_another_by_its_address_and_both_see_who_it_is():
    async with net(A, B) as it:
        await it.serving(B, ECHO, "names")
        assert await it.ran(A, ASK, B, "8080", "0") == f"{len(f'{A} at {B}:8080 ')} {A} at {B}:8080  {B}:8080 {A}\n"


async def test_everything_arrives_and_both_halves_end_by_themselves():
    async with net(A, B) as it:
        await it.serving(B)
        assert (await it.ran(A, ASK, B, "8080", "5000000")).split()[0] == "5000000"


async def test_a_service_leads_to_its_pods_and_its_address_is_what_the_client_sees():
    async with net(A, B) as it:
        await it.serving(B, ECHO, "names")
        await it.service(SERVICE, 80, (B, 8080))
        assert await it.ran(A, ASK, SERVICE, "80", "0") == f"28 {A} at {B}:8080  {SERVICE}:80 {A}\n"


async def test_a_pod_reaches_itself_through_its_service():
    async with net(A) as it:
        await it.serving(A, ECHO, "names")
        await it.service(SERVICE, 80, (A, 8080))
        assert await it.ran(A, ASK, SERVICE, "80", "0") == f"28 {A} at {A}:8080  {SERVICE}:80 {A}\n"


ERRNO = """
import errno, socket, sys
for port in sys.argv[2:]:
    with socket.socket() as one:
        print(errno.errorcode.get(one.connect_ex((sys.argv[1], int(port))), "connected"))
"""


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (B, "ECONNREFUSED"),
        (SERVICE, "ECONNREFUSED"),
        ("10.42.0.99", "ENETUNREACH"),
        ("192.0.2.1", "ENETUNREACH"),
        ("169.254.169.254", "ENETUNREACH"),
    ],
)
async def test_what_cannot_be_reached_is_said_at_once(to: str, expected: str):
    async with net(A, B) as it:
        await it.service(SERVICE, 80)
        assert await it.ran(A, ERRNO, to, "80", "81") == f"{expected}\n{expected}\n"


async def test_a_listener_of_loopback_is_for_its_own_pod_alone():
    listen = "import socket; s = socket.create_server(('127.0.0.1', 8080)); print('listening', flush=True); s.accept()"
    async with net(A, B) as it:
        await it.serving(B, listen)
        assert await it.ran(A, ERRNO, B, "8080") == "ECONNREFUSED\n"
        assert await it.ran(A, ERRNO, "127.0.0.1", "8080") == "ECONNREFUSED\n"
        assert await it.ran(B, ERRNO, "127.0.0.1", "8080") == "connected\n"


NONBLOCKING = """
import errno, select, socket, sys
for port in sys.argv[2:]:
    one = socket.socket()
    one.setblocking(False)
    first = one.connect_ex((sys.argv[1], int(port)))
    waiting = select.epoll()
    waiting.register(one, select.EPOLLOUT)
    [(_, events)] = waiting.poll(10)
    name = lambda number: errno.errorcode.get(number, str(number))
    print(name(first), bool(events & select.EPOLLERR), name(one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)))
    again = one.connect_ex((sys.argv[1], int(port)))
    print(name(again), name(one.connect_ex((sys.argv[1], int(port)))) if again == 0 else "")
"""


async def test_a_socket_that_does_not_wait_learns_how_it_went_by_epoll():
    async with net(A, B) as it:
        await it.serving(B)
        text = await it.ran(A, NONBLOCKING, B, "8080", "8081")
        assert text.splitlines()[:3] == ["EINPROGRESS False 0", "0 EISCONN", "EINPROGRESS True ECONNREFUSED"]


async def test_a_reset_and_an_end_are_told_apart():
    serve = """
import socket
server = socket.create_server(("0.0.0.0", 8080))
print("listening", flush=True)
one, _ = server.accept()
one.recv(1)
one.close()
two, _ = server.accept()
two.recv(2)
two.close()
server.accept()
"""
    ask = """
import errno, socket, sys, time
for _ in range(2):
    one = socket.create_connection((sys.argv[1], 8080), 10)
    one.sendall(b"xy")
    try:
        print(one.recv(10))
    except OSError as error:
        print(errno.errorcode[error.errno])
one.sendall(b"more")
try:
    one.sendall(b"and more")
except OSError as error:
    print(errno.errorcode[error.errno])
"""
    async with net(A, B) as it:
        await it.serving(B, serve)
        assert await it.ran(A, ask, B) == "ECONNRESET\nb''\nEPIPE\n"


async def test_who_does_not_read_holds_up_who_writes_and_peeking_takes_nothing():
    serve = """
import socket, select
server = socket.create_server(("0.0.0.0", 8080))
print("listening", flush=True)
one, _ = server.accept()
one.recv(1, socket.MSG_PEEK)
print("peeked", len(one.recv(3, socket.MSG_PEEK)), flush=True)
input_ = open("/dev/shm/go").read()
total = 0
while piece := one.recv(1 << 16):
    total += len(piece)
print("total", total)
"""
    fill = """
import select, socket, sys
one = socket.create_connection((sys.argv[1], 8080), 10)
one.setblocking(False)
total = 0
try:
    while True:
        total += one.send(bytes(1 << 16))
except BlockingIOError:
    print("full", not select.select([], [one], [], 0)[1], flush=True)
one.setblocking(True)
one.sendall(bytes(1 << 20))
print("sent", total + (1 << 20))
"""
    async with net(A, B) as it:
        await it.pods[B].run("first", "mkfifo /dev/shm/go")
        server = await it.serving(B, serve)
        client = await it.python(A, fill, B)
        assert await client.line() == "full True"
        assert await server.line() == "peeked 3"
        await it.pods[B].run("other", "echo > /dev/shm/go")
        sent = (await client.end())[0].split()[1]
        assert (await server.end())[0] == f"total {sent}\n"


async def test_the_end_of_a_pod_ends_its_connections():
    ask = """
import socket, sys
one = socket.create_connection((sys.argv[1], 8080), 10)
print("listening", flush=True)
print(one.recv(1))
"""
    async with net(A, B) as it:
        await it.serving(B)
        client = await it.serving(A, ask, B)
        await it.pods[B].sandbox.stop("program-1")
        assert (await client.end())[0] == "b''\n"
