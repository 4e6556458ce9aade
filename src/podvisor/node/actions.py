"""What hooks and probes do in a container: run a command, ask over HTTP, connect, wait.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from podvisor.base.clock import Clock
from podvisor.node import objects
from podvisor.node.errors import NotStartable
from podvisor.node.pace import Pace
from podvisor.node.pipes import Pipes, carry
from podvisor.sandbox import driver, errors, spec

OUTPUT_BYTES = 10 << 10
"""How much of a command's output or a server's answer a message may hold."""
SIGKILL = 9
_AGENT = "kube-probe/1.33"


class Unsuccessful(Exception):
    """The action was done and did not succeed; the text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running container."""

    sandbox: driver.Sandbox
    container: objects.Container
    address: str
    """The pod's."""
    process: Callable[[list[str], spec.Streams | spec.Terminal], Awaitable[spec.Process]]
    """Makes a process of this container from a command."""
    clock: Clock
    pace: Pace


async def perform(action: objects.Action, target: Target) -> None:
    """Do it once. Raises Unsuccessful; cancelled, it ends what it began."""
    try:
        if action.exec is not None:
            await _run(action.exec.command, target)
        elif action.http_get is not None:
            await _ask(action.http_get, target)
        elif action.tcp_socket is not None:
            (await _connect(action.tcp_socket.port, action.tcp_socket.host, target)).close()
        elif action.sleep is not None:
            await target.clock.sleep(action.sleep.seconds)
        else:
            raise Unsuccessful("gRPC is not supported")
    except (errors.SandboxError, NotStartable) as error:
        raise Unsuccessful(str(error)) from error


async def _run(command: list[str], target: Target) -> None:
    with Pipes(stdin=False, tty=False) as pipes:
        process = await target.process(command, pipes.stdio)
        running = await target.sandbox.exec(target.container.name, process)
        readers, _ = pipes.take()
    output = bytearray()

    async def keep(_: str, data: bytes) -> None:
        output.extend(data[: OUTPUT_BYTES - len(output)])
        await target.pace.rest(len(data))

    try:
        await carry(readers, running.exited, keep)
        exited = running.exited.result()
    except asyncio.CancelledError:
        # Not waited for: whoever cancels must not depend on a kernel that may be why this took too long.
        target.sandbox.post_signal(running.container, running.pid, SIGKILL)
        raise
    if exited.status != 0:
        raise Unsuccessful(output.decode(errors="replace").strip() or f"exit status {exited.status}")


async def _ask(wanted: objects.HttpGet, target: Target) -> None:
    """https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes"""
    try:
        stream = await _connect(wanted.port, wanted.host, target)
    except errors.Refused as error:
        raise Unsuccessful(f'Get "{_url(wanted, target)}": {error}') from error
    reader, writer = await _open(stream, secure=wanted.scheme == "HTTPS")
    try:
        writer.write(_request(wanted, target))
        status = (await reader.readline()).split(b" ", 2)
        if len(status) < 2 or not status[0].startswith(b"HTTP/") or not status[1][:3].isdigit():
            raise Unsuccessful("malformed HTTP response")
        code = int(status[1][:3])
    except (ConnectionError, ssl.SSLError, ValueError) as error:
        raise Unsuccessful(f"{error}") from error
    finally:
        writer.close()
    if not 200 <= code < 400:
        raise Unsuccessful(f"HTTP probe failed with statuscode: {code}")


async def _open(stream: socket.socket, *, secure: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if not secure:
        return await asyncio.open_connection(sock=stream)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return await asyncio.open_connection(sock=stream, ssl=context, server_hostname="")
    except (ConnectionError, ssl.SSLError) as error:
        raise Unsuccessful(str(error)) from error


def _url(wanted: objects.HttpGet, target: Target) -> str:
    port = port_number(wanted.port, target.container)
    return f"{wanted.scheme.lower()}://{wanted.host or target.address}:{port}{_path(wanted)}"


def _path(wanted: objects.HttpGet) -> str:
    return wanted.path if wanted.path.startswith("/") else f"/{wanted.path}"


def _request(wanted: objects.HttpGet, target: Target) -> bytes:
    port = port_number(wanted.port, target.container)
    headers = {"Host": f"{wanted.host or target.address}:{port}", "User-Agent": _AGENT, "Accept": "*/*"}
    headers |= {one.name: one.value for one in wanted.http_headers} | {"Connection": "close"}
    lines = [f"GET {_path(wanted)} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _connect(port: int | str, host: str, target: Target) -> socket.socket:
    if host not in ("", target.address, "localhost", "127.0.0.1"):
        raise Unsuccessful(f"host {host}: only the pod itself can be probed")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    address = "127.0.0.1" if host in ("localhost", "127.0.0.1") else target.address
    try:
        with theirs:
            await target.sandbox.dial(address, port_number(port, target.container), theirs.fileno())
    except BaseException:
        ours.close()
        raise
    ours.setblocking(False)
    return ours


def port_number(port: int | str, container: objects.Container) -> int:
    """A port by number or by its name. Raises Unsuccessful."""
    if isinstance(port, int) or port.isdecimal():
        return int(port)
    for one in container.ports:
        if one.name == port:
            return one.container_port
    raise Unsuccessful(f"couldn't find port: {port} in container {container.name}")
