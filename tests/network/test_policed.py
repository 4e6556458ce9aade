"""Connections that a policy bars, and those that it does not, between programs in real pods."""

from network.net import net
from network.test_streams import ASK, ERRNO, A, B, C
from podvisor.network.policy import Changes, Rule, Rules

SERVICE = "10.96.0.10"
NOT_ANSWERED = """
import errno, select, socket, sys
one = socket.socket()
one.setblocking(False)
print(errno.errorcode[one.connect_ex((sys.argv[1], int(sys.argv[2])))], end=" ")
waiting = select.poll()
waiting.register(one, select.POLLIN | select.POLLOUT)
print(waiting.poll(200), one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), end=" ")
two = socket.socket()
two.settimeout(0.2)
try:
    two.connect((sys.argv[1], int(sys.argv[2])))
except TimeoutError as error:
    print(error)
"""
DROPPED = "EINPROGRESS [] 0 timed out\n"
"""What a client sees whose packets are lost."""


def only(pod: str, group: str, *members: str) -> Changes:
    """From now on only these reach a pod."""
    return Changes({pod: Rules(ingress=(Rule(groups=(group,)),))}, {group: frozenset(members)}, [], [])


async def test_what_a_policy_bars_is_not_answered_and_what_it_opens_is():
    async with net(A, B, C) as it:
        await it.serving(B)
        await it.service(SERVICE, 80, (B, 8080))
        await it.switch.policies(only(B, "clients", A))
        for address, port in ((B, "8080"), (SERVICE, "80"), (B, "8081")):
            assert await it.ran(C, NOT_ANSWERED, address, port) == DROPPED
        assert (await it.ran(A, ASK, B, "8080", "3")).split()[0] == "3"
        assert (await it.ran(A, ASK, SERVICE, "80", "3")).split()[0] == "3"
        assert await it.ran(A, ERRNO, B, "8081") == "ECONNREFUSED\n"


async def test_egress_that_is_shut_drops_and_ports_that_are_open_are_refused_as_ever():
    async with net(A, B) as it:
        await it.serving(B)
        opened = Rule(anyone=True, ports=(("TCP", 80, 81), ("SCTP", 8080, 8080)))
        await it.switch.policies(Changes({A: Rules(egress=(opened,))}, {}, [], []))
        assert await it.ran(A, NOT_ANSWERED, B, "8080") == DROPPED
        assert await it.ran(A, ERRNO, B, "80", "81") == "ECONNREFUSED\nECONNREFUSED\n"


async def test_who_waits_is_let_in_once_a_policy_says_so_and_open_connections_stay_open():
    keep = """
import socket, sys
one = socket.create_connection((sys.argv[1], 8080), 30)
print("listening", flush=True)
open("/dev/shm/go").read()
one.sendall(b"still here")
one.shutdown(socket.SHUT_WR)
print(one.recv(100).decode())
"""
    async with net(A, B, C) as it:
        await it.serving(B)
        await it.pods[A].run("first", "mkfifo /dev/shm/go")
        stays = await it.serving(A, keep, B)
        await it.switch.policies(only(B, "clients"))
        assert await it.ran(C, NOT_ANSWERED, B, "8080") == DROPPED
        waits = await it.python(C, "print('asks', flush=True)\n" + ASK, B, "8080", "3")
        assert await waits.line() == "asks"
        await it.switch.policies(Changes({}, {"clients": frozenset({C})}, [], []))
        assert (await waits.end())[0].split()[0] == "3"
        await it.pods[A].run("other", "echo > /dev/shm/go")
        assert (await stays.end())[0] == "still here\n"
        await it.switch.policies(Changes({}, {}, [B], ["clients"]))
        assert (await it.ran(A, ASK, B, "8080", "3")).split()[0] == "3"


async def test_an_address_that_another_pod_had_opens_nothing_to_who_has_it_now():
    async with net(A, B, C) as it:
        await it.serving(B)
        await it.switch.policies(only(B, "clients", "a pod that is gone"))
        assert await it.ran(A, NOT_ANSWERED, B, "8080") == DROPPED
