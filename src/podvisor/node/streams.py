"""exec and attach: a container's streams over a WebSocket.

The subprotocols are v5 and v4.channel.k8s.io (apimachinery `pkg/util/remotecommand`): the first byte of a message is
its channel. A Status on the error channel says how the command ended; v5 adds the end of a single channel.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMsgType, web

from podvisor.node import pipes
from podvisor.node.backlog import Backlog
from podvisor.node.errors import NotStartable
from podvisor.node.pace import Pace
from podvisor.node.runtime import Live, Runtime
from podvisor.sandbox import driver, errors

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
SIGHUP = 1
_CHANNELS = {"stdout": STDOUT, "stderr": STDERR}
_LARGEST = 8 << 20
_RUNC = "OCI runtime exec failed: exec failed: unable to start container process"


@dataclass(frozen=True, slots=True)
class Session:
    """A client's WebSocket, and the process that it is joined with."""

    socket: web.WebSocketResponse
    sandbox: driver.Sandbox
    running: driver.Running
    pace: Pace
    tty: bool = False

    async def give(self, stream: str, data: bytes) -> None:
        """Send what the process wrote; to a client that is gone, nothing, and not as fast as the process can."""
        try:
            await self.socket.send_bytes(bytes([_CHANNELS[stream]]) + data)
        except ConnectionError:
            await self.pace.rest(len(data))

    async def take(self, stdin: pipes.Writer | None, end_of_input: Callable[[], None]) -> None:
        """Carry what the client sends: input, its end, and the terminal's size. Returns when the client is gone."""
        async for message in self.socket:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            channel, data = message.data[0], message.data[1:]
            with suppress(OSError, errors.SandboxError):
                if channel == STDIN and data and stdin is not None:
                    await stdin.write(data)
                elif channel == CLOSE and data[:1] == bytes([STDIN]):
                    end_of_input()
                elif channel == RESIZE:
                    await self._resize(data)

    async def tell_end(self) -> None:
        """Send how the process ended."""
        try:
            status = _ended(self.running.exited.result().status)
        except errors.Ended as error:
            status = _refused(error)
        await _send_status(self.socket, status)

    async def hang_up(self, stdin: pipes.Writer | None) -> None:
        """The client has gone: the command sees the end of its input, and on a terminal SIGHUP, as after sshd's.

        One that goes on all the same ends with its container; what it writes is thrown away.
        """
        if stdin is not None:
            stdin.close()
        if self.tty:
            with suppress(errors.SandboxError):
                await self.sandbox.signal(self.running.container, self.running.pid, SIGHUP)

    async def _resize(self, data: bytes) -> None:
        try:
            size: Mapping[str, int] = json.loads(data)
            rows, columns = int(size["Height"]), int(size["Width"])
        except (ValueError, KeyError, TypeError):
            return
        await self.sandbox.resize(self.running.container, self.running.pid, rows, columns)


async def execute(request: web.Request, runtime: Runtime, name: str) -> web.StreamResponse:
    """Run a command in a container, joined with the client."""
    live, query = runtime.live[name], request.query
    socket = await _accept(request)
    tty = query.get("tty") == "1"
    wanted = pipes.Pipes(stdin=query.get("input") == "1", tty=tty)
    try:
        with wanted:
            process = await runtime.process(name, query.getall("command"), wanted.stdio)
            running = await live.sandbox.exec(name, process)
            readers, stdin = wanted.take()
    except (errors.SandboxError, NotStartable) as error:
        await _send_status(socket, _refused(error))
        return socket
    session = Session(socket, live.sandbox, running, runtime.pace, tty)
    taking = asyncio.ensure_future(session.take(stdin, stdin.close if stdin else _nothing))
    carrying = asyncio.ensure_future(pipes.carry(readers, running.exited, session.give))
    try:
        await asyncio.wait({taking, carrying}, return_when=asyncio.FIRST_COMPLETED)
        if not carrying.done():
            await session.hang_up(stdin)
        await carrying
        await _end(taking)
        await session.tell_end()
    finally:
        await _end(taking, carrying)
        if stdin is not None:
            stdin.close()
    return socket


async def attach(request: web.Request, runtime: Runtime, name: str) -> web.StreamResponse:
    """Join the client with the container's own streams, until it ends or the client goes.

    How it ended is not told, as by the kubelet: kubectl asks the API for that.
    """
    live = runtime.live[name]
    socket = await _accept(request)
    session = Session(socket, live.sandbox, live.running, runtime.pace)
    written = Backlog(live.running)
    stdin = live.stdin if request.query.get("input") == "1" else None
    once = live.described.stdin_once and stdin is not None
    live.log.listeners.add(written.add)
    taking = asyncio.ensure_future(session.take(stdin, stdin.close if stdin is not None and once else _nothing))
    sending = asyncio.ensure_future(_send_all(session, written))
    ending = asyncio.ensure_future(_ending(live))
    try:
        await asyncio.wait({taking, ending}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            await written.sent()
            await _end(taking)
            await _send_status(socket, _ended(0))
    finally:
        live.log.listeners.discard(written.add)
        written.close()
        await _end(taking, sending, ending)
        if stdin is not None and once:
            stdin.close()
    return socket


async def _ending(live: Live) -> None:
    """Return once the container has ended and all that it wrote is in its log."""
    while not live.log.ended:
        news = live.log.news
        await news.wait()


async def _send_all(session: Session, written: Backlog) -> None:
    while True:
        stream, data = await written.take()
        await session.give(stream, data)
        written.done()


async def _accept(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=_LARGEST)
    await socket.prepare(request)
    return socket


async def _end(*tasks: "asyncio.Future[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _nothing() -> None:
    """A container's input ends with the container, unless it is to be attached to once."""


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


def _refused(error: Exception) -> dict[str, Any]:
    """A command that did not start, in the words of a kubelet over runc."""
    text = f"Internal error occurred: error executing command in container: {_RUNC}: {error}"
    return {"metadata": {}, "status": "Failure", "reason": "InternalError", "message": text, "code": 500}
