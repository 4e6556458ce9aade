"""Which ports of the machine lead to pods, and whom the pods see."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from network.net import ECHO, Net, net
from network.test_streams import B
from network.test_switch import CLOCK
from podvisor.network.listeners import Lead, Listener, Owner, Pod, Service, wanted
from podvisor.network.policy import Changes, Rule, Rules
from podvisor.network.services import Port

NODE, SERVICE = "10.42.0.1", "10.96.0.10"
WEB, API = Owner("Service", "shop", "web", "1"), Owner("Service", "shop", "api", "2")
POD = Owner("Pod", "shop", "one", "3")
LOOPBACK = ("127.0.0.1",)


def leads(*services: Service, pods: tuple[Pod, ...] = (), addresses: tuple[str, ...] = LOOPBACK) -> dict[str, Port]:
    found, refused = wanted(services, pods, addresses)
    assert refused == []
    return {str(listener): lead.to for listener, lead in found.items()}


def test_a_node_port_is_open_at_each_of_the_nodes_addresses():
    one = Service(WEB, SERVICE, [("TCP", 80, 30080), ("UDP", 53, 30053), ("TCP", 81, 0)])
    to = Port("TCP", SERVICE, 80)
    expected = {"TCP 127.0.0.1:30080": to, "TCP [::1]:30080": to}
    assert leads(one, addresses=("127.0.0.1", "::1")) == expected


def test_a_load_balancer_is_open_at_its_own_ports_too_and_its_sources_bound_only_these():
    one = Service(WEB, SERVICE, [("TCP", 80, 30080)], balanced=True, sources=("192.0.2.0/24",))
    found, _ = wanted([one], [], LOOPBACK)
    assert {(str(at), lead.sources) for at, lead in found.items()} == {
        ("TCP 127.0.0.1:30080", ()),
        ("TCP 127.0.0.1:80", ("192.0.2.0/24",)),
    }


def test_external_addresses_are_open_where_they_are():
    assert leads(Service(WEB, SERVICE, [("TCP", 80, 0)], external=["192.0.2.9"])) == {
        "TCP 192.0.2.9:80": Port("TCP", SERVICE, 80)
    }


@pytest.mark.parametrize(
    ("host", "expected"), [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.9", "127.0.0.9")]
)
def test_a_host_port_leads_to_its_pod_and_shows_it_the_client(host: str, expected: str):
    found, _ = wanted([], [Pod(POD, B, [("TCP", host, 8088, 8080)])], LOOPBACK)
    lead = Lead(Port("TCP", B, 8080), POD, "hostPort", local=True)
    assert found == {Listener("TCP", expected, 8088): lead}


def test_of_two_that_ask_for_one_port_the_later_is_refused():
    first, second = (
        Service(one, address, [("TCP", 80, 30080)]) for one, address in ((WEB, SERVICE), (API, "10.96.0.11"))
    )
    found, refused = wanted([first, second], [], LOOPBACK)
    assert found[Listener("TCP", "127.0.0.1", 30080)].owner == WEB
    assert [lead.owner for _, lead in refused] == [API]


@asynccontextmanager
async def leading(it: Net, to: Port, *, local: bool = False, sources: tuple[str, ...] = ()) -> AsyncIterator[int]:
    """A port of the machine that leads to a port of a Service or of a pod: its number."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        await it.switch.listen(
            Listener("TCP", "127.0.0.1", port), Lead(to, WEB, "nodePort", local, sources), NODE, server.fileno()
        )
        yield port


async def asked(port: int, source: str = "127.0.0.1") -> bytes:
    """What a server sends to a client of the machine that has written something."""
    async with CLOCK.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        writer.write(b"hello")
        writer.write_eof()
        try:
            return await reader.read()
        finally:
            writer.close()


async def test_who_comes_by_a_port_of_the_machine_gets_to_a_pod_which_sees_the_node():
    async with net(B) as it:
        await it.serving(B, ECHO, "names")
        await it.service(SERVICE, 80, (B, 8080))
        for to in (Port("TCP", SERVICE, 80), Port("TCP", B, 8080)):
            async with leading(it, to) as port:
                assert await asked(port) == f"{NODE} at {B}:8080 hello".encode()


async def test_much_flows_both_ways():
    async with net(B) as it:
        await it.serving(B)
        async with leading(it, Port("TCP", B, 8080)) as port, CLOCK.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(bytes(3_000_000))
            writer.write_eof()
            assert len(await reader.read()) == 3_000_000
            writer.close()


async def test_who_is_not_taken_is_told_of_a_reset():
    async with net(B) as it:
        await it.service(SERVICE, 80)
        for to in (Port("TCP", SERVICE, 80), Port("TCP", "10.42.0.99", 80)):
            async with leading(it, to) as port:
                with pytest.raises(ConnectionResetError):
                    await asked(port)


async def test_the_machine_itself_is_barred_by_no_policy():
    async with net(B) as it:
        await it.serving(B)
        await it.switch.policies(Changes({B: Rules(ingress=())}, {}, [], []))
        async with leading(it, Port("TCP", B, 8080)) as port:
            assert await asked(port) == b"hello"
        await it.switch.policies(Changes({B: Rules(ingress=(Rule(anyone=True),))}, {}, [], []))


async def test_connections_wait_for_the_next_switch():
    async with net(B) as it:
        await it.serving(B)
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            early = asyncio.create_task(asked(server.getsockname()[1]))
            listener = Listener("TCP", *server.getsockname())
            await it.switch.listen(listener, Lead(Port("TCP", B, 8080), WEB, "nodePort"), NODE, server.fileno())
            assert await early == b"hello"
            await it.switch.unlisten(listener)
            late = asyncio.create_task(asked(server.getsockname()[1]))
            await it.switch.listen(listener, Lead(Port("TCP", B, 8080), WEB, "nodePort"), NODE, server.fileno())
            assert await late == b"hello"
