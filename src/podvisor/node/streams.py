"""exec and attach: a container's streams over a WebSocket.

The subprotocols are v5 and v4.channel.k8s.io (apimachinery `pkg/util/remotecommand`): the first byte of a message is
its channel. A Status on the error channel says how the command ended; v5 adds the end of a single channel.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from podvisor.node import containers, environment
from podvisor.node.worker import Live, Worker
from podvisor.sandbox import driver, errors, spec

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_CHUNK = 1 << 15


async def execute(request: web.Request, worker: Worker, name: str) -> web.StreamResponse:
    """Run a command in a container, joined with the client."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    await socket.prepare(request)
    assert worker.sandbox is not None
    query = request.query
    terminal, wants_input = query.get("tty") == "1", query.get("input") == "1"
    input_reader, input_writer = os.pipe()
    outputs = {STDOUT: os.pipe()} | ({} if terminal else {STDERR: os.pipe()})
    writers = [writer for _, writer in outputs.values()]
    stdio: spec.Streams | spec.Terminal = (
        spec.Terminal(input_reader, writers[0], 24, 80)
        if terminal
        else spec.Streams(input_reader if wants_input else None, writers[0], writers[1])
    )
    readers = {channel: reader for channel, (reader, _) in outputs.items()}
    try:
        process = await _process(worker, name, tuple(query.getall("command")), stdio)
        running = await worker.sandbox.exec(name, process)
    except errors.SandboxError as error:
        _close(*readers.values(), input_writer)
        await _send_status(socket, _refused(error))
        return socket
    finally:
        _close(input_reader, *writers)
    await _join(socket, worker.sandbox, running, readers, input_writer)
    return socket


async def _process(
    worker: Worker, name: str, command: tuple[str, ...], stdio: spec.Streams | spec.Terminal
) -> spec.Process:
    described = next(
        one
        for one in (*(worker.pod["spec"].get("initContainers") or ()), *worker.pod["spec"]["containers"])
        if one["name"] == name
    )
    surroundings = await worker.surroundings()
    variables = await environment.variables(described, surroundings.facts, surroundings.sources)
    return containers.process(described, worker.pod, variables, stdio, command)


async def _join(
    socket: web.WebSocketResponse,
    sandbox: driver.Sandbox,
    running: driver.Running,
    readers: Mapping[int, int],
    stdin: int,
) -> None:
    """Carry both ways until the command has ended and all it wrote is sent."""
    taking = asyncio.ensure_future(_take(socket, sandbox, running, stdin))
    try:
        async with asyncio.TaskGroup() as group:
            for channel, reader in readers.items():
                group.create_task(_give(socket, channel, reader))
        try:
            exited = await running.exited
            await _send_status(socket, _ended(exited.status))
        except errors.Ended as error:
            await _send_status(socket, _refused(error))
    finally:
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking
        with suppress(OSError):
            os.close(stdin)


async def attach(request: web.Request, worker: Worker, name: str) -> web.StreamResponse:
    """Join the client with the container's own streams, until it ends or the client goes."""
    socket = web.WebSocketResponse(protocols=PROTOCOLS)
    await socket.prepare(request)
    assert worker.sandbox is not None
    live = worker.live[name]
    written: asyncio.Queue[bytes] = asyncio.Queue()

    def listen(stream: str, data: bytes) -> None:
        written.put_nowait(bytes([STDOUT if stream == "stdout" else STDERR]) + data)

    live.log.listeners.add(listen)
    stdin = os.dup(live.stdin) if live.stdin is not None and request.query.get("input") == "1" else -1
    taking = asyncio.ensure_future(_take(socket, worker.sandbox, live.running, stdin))
    sending = asyncio.ensure_future(_send_all(socket, written))
    try:
        await asyncio.wait({taking, sending, live.running.exited}, return_when=asyncio.FIRST_COMPLETED)
        if live.running.exited.done():
            await _drained(live, written, socket)
    finally:
        live.log.listeners.discard(listen)
        taking.cancel()
        sending.cancel()
        await asyncio.wait({taking, sending})
        if stdin >= 0:
            os.close(stdin)
    return socket


async def _drained(live: Live, written: asyncio.Queue[bytes], socket: web.WebSocketResponse) -> None:
    """Send what the container wrote before it ended, and then how it ended."""
    async with live.log.changed:
        await live.log.changed.wait_for(lambda: live.log.ended)
    while not written.empty():
        await socket.send_bytes(written.get_nowait())
    exited = live.running.exited.result()
    await _send_status(socket, _ended(exited.status))


async def _send_all(socket: web.WebSocketResponse, written: asyncio.Queue[bytes]) -> None:
    with suppress(ConnectionError):
        while True:
            await socket.send_bytes(await written.get())


async def _give(socket: web.WebSocketResponse, channel: int, reader: int) -> None:
    """Send what comes out of a pipe; closes it."""
    loop = asyncio.get_running_loop()
    stream = asyncio.StreamReader()
    pipe = os.fdopen(reader, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
    try:
        while data := await stream.read(_CHUNK):
            await socket.send_bytes(bytes([channel]) + data)
    except ConnectionError:
        pass
    finally:
        transport.close()


async def _take(socket: web.WebSocketResponse, sandbox: driver.Sandbox, running: driver.Running, stdin: int) -> None:
    """Carry what the client sends: input, its end, and the terminal's size."""
    async for message in socket:
        if message.type is not WSMsgType.BINARY or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        with suppress(OSError, errors.SandboxError):
            if channel == STDIN and data:
                await asyncio.to_thread(_write_all, stdin, data)
            elif channel == CLOSE and data[:1] == bytes([STDIN]):
                os.close(stdin)
            elif channel == RESIZE:
                size = json.loads(data)
                await sandbox.resize(running.container, running.pid, size["Height"], size["Width"])


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


async def _send_status(socket: web.WebSocketResponse, status: Mapping[str, Any]) -> None:
    with suppress(ConnectionError):
        await socket.send_bytes(bytes([ERROR]) + json.dumps(status).encode())
        await socket.close()


def _ended(code: int) -> dict[str, Any]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code)}]
    message = f"command terminated with non-zero exit code: exit status {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": message,
        "details": {"causes": causes},
    }


def _refused(error: errors.SandboxError) -> dict[str, Any]:
    if isinstance(error, errors.Refused) and error.exit_code is not None:
        return _ended(error.exit_code) | {"message": f"command terminated: {error}"}
    return {"metadata": {}, "status": "Failure", "reason": "InternalError", "message": str(error), "code": 500}


def _close(*descriptors: int) -> None:
    for fd in descriptors:
        os.close(fd)
