"""Ports of the machine that lead to pods: node ports, load balancers, host ports, as kubectl and curl see them."""

import asyncio
import random
import socket
from contextlib import suppress
from typing import Any

from pods.kit import CLOCK, NAMESPACE, SECONDS, Pods
from pods.test_network import SERVE, address, server, service
from podvisor import sdk

Json = dict[str, Any]
LOOPBACK = "127.0.0.1"
NODE = "10.42.0.1"


def free_port() -> int:
    """A port that nobody has now, and that no client is given by chance (ip_local_port_range)."""
    while True:
        port = random.randrange(10000, 30000)
        with suppress(OSError), socket.create_server((LOOPBACK, port)):
            return port


async def fetched(port: int, host: str = LOOPBACK) -> str:
    """What a web server says, asked again until it says something."""
    async with CLOCK.timeout(SECONDS):
        while not (text := await _fetched(host, port)):
            continue
        return text


async def _fetched(host: str, port: int) -> str:
    curl = ["curl", "-s", "--max-time", "10", f"http://{host}:{port}/"]
    done = await asyncio.create_subprocess_exec(*curl, stdout=asyncio.subprocess.PIPE)
    return (await done.communicate())[0].decode()


async def test_a_node_port_leads_to_the_pods_of_its_service_from_outside_and_from_inside(pods: Pods):
    app = pods.name("app")
    web = await pods.ready(server(), meta={"name": app, "labels": {"app": app}})
    name, _ = await service(pods, app, type="NodePort")
    made = await pods.client.get(sdk.kinds.SERVICES, name, NAMESPACE)
    port = made.spec.ports[0].node_port
    assert 30000 <= port <= 32767
    assert await fetched(port) == f"{web} for {NODE}\n"
    ours = await address(pods, web)
    assert (await pods.sh(web, f"curl -sS --max-time 20 http://{NODE}:{port}/")).out == f"{web} for {ours}\n"
    await pods.kubectl("delete", "service", name)
    async with CLOCK.timeout(SECONDS):
        while await _fetched(LOOPBACK, port):
            continue


async def test_a_load_balancer_has_its_nodes_address_once_it_is_open(pods: Pods):
    app, port = pods.name("app"), free_port()
    web = await pods.ready(server(), meta={"name": app, "labels": {"app": app}})
    ports = [{"port": port, "targetPort": "web"}]
    name, _ = await service(pods, app, type="LoadBalancer", externalTrafficPolicy="Local", ports=ports)
    key = sdk.Key(NAMESPACE, name)
    found = await sdk.until(
        pods.client, sdk.kinds.SERVICES, key, lambda one: one is not None and bool(one.balanced_at), CLOCK, SECONDS
    )
    assert found is not None
    assert [one["ip"] for one in found.balanced_at] == [LOOPBACK]
    assert await fetched(port) == f"{web} for {NODE}\n"
    assert LOOPBACK in await pods.kubectl("get", "service", name)


async def test_a_port_that_somebody_on_the_machine_has_is_an_event_on_who_asks_for_it(pods: Pods):
    app = pods.name("app")
    await pods.ready(server(), meta={"name": app, "labels": {"app": app}})
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        ports = [{"port": port, "targetPort": "web"}]
        name, _ = await service(pods, app, type="LoadBalancer", ports=ports)
        event = await pods.event(name, "PortUnavailable")
        assert event["message"] == f"port TCP {LOOPBACK}:{port}: Address already in use"
        assert event["involvedObject"]["kind"] == "Service"


async def test_a_host_port_leads_to_its_pod_while_that_runs(pods: Pods):
    port = free_port()
    command = ["/usr/bin/python3", "-c", SERVE]
    ready = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 30}
    ports = [{"containerPort": 8080, "hostPort": port}]
    one = {"name": "main", "image": "host", "command": command, "readinessProbe": ready, "ports": ports}
    web = await pods.ready(one)
    assert await fetched(port) == f"{web} for {NODE}\n"
    await pods.delete(web, 0)
    await pods.gone(web)
    async with CLOCK.timeout(SECONDS):
        while await _fetched(LOOPBACK, port):
            continue
