"""`kubectl port-forward`, over WebSockets and over plain SPDY, as kubectl before 1.30 speaks it.

https://kubernetes.io/docs/tasks/access-application-cluster/port-forward-access-application-cluster/
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from pods.kit import CLOCK, NAMESPACE, SECONDS, Pods, container
from podvisor import sdk

ECHO = """exec python3 -c '
import socket, threading
def serve(one):
    while data := one.recv(65536): one.sendall(data)
    one.sendall(b"over"); one.close()
listener = socket.create_server(("127.0.0.1", 7000))
print("up", flush=True)
while True: threading.Thread(target=serve, args=(listener.accept()[0],)).start()
'"""
MEGABYTES = 2
websockets = pytest.mark.parametrize("websockets", ["true", "false"])


@pytest.fixture
async def echo(pods: Pods) -> str:
    """A pod that echoes on port 7000 of its localhost."""
    return await pods.up(container(ECHO, ports=[{"containerPort": 7000}]), meta={"labels": {"app": "echo"}})


@asynccontextmanager
async def forwarded(pods: Pods, *arguments: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, int]]:
    """A running `kubectl port-forward`, and the port that it has chosen."""
    process = await pods.kubectl.start("port-forward", *arguments)
    assert process.stdout is not None
    try:
        async with CLOCK.timeout(SECONDS):
            line = (await process.stdout.readline()).decode()
        found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> ", line)
        assert found, line
        yield process, int(found[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def exchange(port: int, sent: bytes) -> bytes:
    """What comes back for what is sent, when both sides have ended it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with CLOCK.timeout(SECONDS):
        reading = asyncio.ensure_future(reader.read())
        writer.write(sent)
        writer.write_eof()
        found = await reading
    writer.close()
    return found


@websockets
async def test_megabytes_pass_through_a_forwarded_port_and_a_half_closed_end_does_too(
    pods: Pods, echo: str, websockets: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets)
    sent = os.urandom(MEGABYTES << 20)
    async with forwarded(pods, f"pod/{echo}", ":7000") as (_, port):
        assert await exchange(port, sent) == sent + b"over"
        small = [str(number).encode() for number in range(20)]
        assert await asyncio.gather(*(exchange(port, one) for one in small)) == [one + b"over" for one in small]


@websockets
async def test_port_where_nobody_listens_is_told_in_the_words_of_the_kubelet(
    pods: Pods, echo: str, websockets: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", websockets)
    async with forwarded(pods, f"pod/{echo}", ":81") as (process, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        async with CLOCK.timeout(SECONDS):
            _, told = await process.communicate()
        writer.close()
    assert "error forwarding port 81 to pod " in told.decode()
    assert "dial tcp4 127.0.0.1:81: connect: connection refused" in told.decode()


async def test_service_and_deployment_are_forwarded_to_one_of_their_pods(pods: Pods):
    name = pods.name("web")
    labels = {"app": name}
    made = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container(ECHO)], "terminationGracePeriodSeconds": 0},
    }
    spec = {"selector": {"matchLabels": labels}, "template": made}
    deployment = {"metadata": {"name": name}, "spec": spec}
    await pods.client.create(sdk.kinds.DEPLOYMENTS.raw, deployment, NAMESPACE)
    service = {"spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 7000}]}, "metadata": {"name": name}}
    await pods.client.create(sdk.kinds.SERVICES.raw, service, NAMESPACE)
    await pods.kubectl("wait", "--for=condition=Available", f"deployment/{name}", f"--timeout={SECONDS:g}s")
    for what, port in ((f"service/{name}", ":80"), (f"deployment/{name}", ":7000")):
        async with forwarded(pods, what, port) as (_, local):
            while not await exchange(local, b""):
                continue  # The container runs, and its program may not listen yet.
    await pods.kubectl("delete", f"service/{name}", f"deployment/{name}", "--wait=false")
