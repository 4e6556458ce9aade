"""What hooks and probes do in a container: run a command, ask over HTTP, connect, wait.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from podvisor.base.clock import Clock
from podvisor.node import http_probe, objects
from podvisor.node.errors import NotStartable
from podvisor.node.pace import Pace
from podvisor.node.pipes import Pipes, carry
from podvisor.sandbox import driver, errors, spec

OUTPUT_BYTES = 10 << 10
"""How much of a command's output or a server's answer a message may hold."""
SIGKILL = 9
HEADER_BYTES = 64 << 10
"""How much of an answer's head is read."""


class Unsuccessful(Exception):
    """The action was done and did not succeed; the text says why."""


class Doubtful(Exception):
    """The action succeeded, and the text says what is odd about that (the kubelet's event ProbeWarning)."""


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
    late: Callable[[str], None] = lambda text: None
    """Told by an action that is cancelled what it was waiting for."""


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
        elif action.grpc is not None:
            seconds = action.timeout_seconds if isinstance(action, objects.Probe) else 0
            await _check(action.grpc, target, seconds)
        else:
            raise Unsuccessful("an action that does nothing")
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
    """Ask, and follow redirects to the same host."""
    port = port_number(wanted.port, target.container)
    path = wanted.path if wanted.path.startswith("/") else f"/{wanted.path}"
    url = f"{wanted.scheme.lower()}://{wanted.host or target.address}:{port}{path}"
    request = http_probe.Request(url, [(one.name, one.value) for one in wanted.http_headers])
    for _ in range(http_probe.REDIRECTS + 1):
        code, headers, body = await _exchange(request, target)
        following = http_probe.next_request(request, code, headers)
        if following is None:
            break
        request = following
    else:
        raise Unsuccessful(f'Get "{request.url}": stopped after {http_probe.REDIRECTS} redirects')
    if not 200 <= code < 400:
        raise Unsuccessful(f"HTTP probe failed with statuscode: {code}")
    if code >= 300:
        raise Doubtful(f"Probe terminated redirects, Response body: {body.decode(errors='replace')}")


async def _exchange(request: http_probe.Request, target: Target) -> tuple[int, Mapping[str, str], bytes]:
    """One request and its answer: the code, the headers by their names in lower case, and the body's beginning."""
    try:
        stream = await _connect(request.port, request.host, target)
        reader, writer = await _open(stream, secure=request.secure)
        try:
            writer.write(request.encode())
            code, headers = await _head(reader)
            body = await reader.read(OUTPUT_BYTES) if 300 <= code < 400 else b""
        finally:
            writer.close()
    except (errors.Refused, ConnectionError, ssl.SSLError, ValueError, EOFError) as error:
        raise Unsuccessful(f'Get "{request.url}": {error}') from error
    except asyncio.CancelledError:
        target.late(f'Get "{request.url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)')
        raise
    return code, headers, body


async def _check(wanted: objects.Grpc, target: Target, seconds: int) -> None:
    """Ask the container's health service, which may take so long."""
    # Not before it is needed: few pods ask over gRPC, and every start of a cluster would pay for HTTP/2.
    from podvisor.node import grpc_probe

    authority = f"{target.address}:{wanted.port}"
    waiting = f'timeout: failed to connect service "{authority}" within {seconds}s: context deadline exceeded'
    try:
        reader, writer = await _open(await _connect(wanted.port, "", target), secure=False)
        waiting = f"timeout: health rpc did not complete within {seconds}s"
        try:
            check = grpc_probe.Check(authority, wanted.service)
            writer.write(check.to_send())
            while not check.take(await reader.read(OUTPUT_BYTES)):
                writer.write(check.to_send())
        finally:
            writer.close()
    except (errors.Refused, ConnectionError) as error:
        raise Unsuccessful(f'error: failed to connect service at "{authority}": {error}') from error
    except grpc_probe.Unhealthy as error:
        raise Unsuccessful(str(error)) from error
    except asyncio.CancelledError:
        target.late(waiting)
        raise


async def _head(reader: asyncio.StreamReader) -> tuple[int, Mapping[str, str]]:
    first = await reader.readline()
    if not first:
        raise EOFError("EOF")
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1][:3].strip().isdigit():
        shown = first.strip().decode(errors="replace").replace('"', '\\"')
        raise ValueError(f'net/http: HTTP/1.x transport connection broken: malformed HTTP response "{shown}"')
    headers: dict[str, str] = {}
    size = 0
    while (line := await reader.readline()).strip() and (size := size + len(line)) < HEADER_BYTES:
        name, _, value = line.decode(errors="replace").partition(":")
        headers.setdefault(name.strip().lower(), value.strip())
    return int(words[1][:3]), headers


async def _open(stream: socket.socket, *, secure: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if not secure:
        return await asyncio.open_connection(sock=stream)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return await asyncio.open_connection(sock=stream, ssl=context, server_hostname="")
    except (ConnectionError, ssl.SSLError) as error:
        raise Unsuccessful(str(error)) from error


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
