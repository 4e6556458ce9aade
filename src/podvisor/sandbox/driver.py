"""A sandbox for a caller that does many things at once: the node.

The same requests as `process`, on the running asyncio loop. Each container's and each exec's end is a future, so
nobody dispatches events by hand.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import cast

from podvisor.sandbox import binary, errors, protocol, spec
from podvisor.sandbox.descriptors import Descriptors

_READ = 1 << 16


@dataclass(frozen=True, slots=True)
class Running:
    """A process in a sandbox: its guest number, and its end, which is `Ended` where the kernel went first."""

    container: str
    pid: int
    exited: asyncio.Future[protocol.Exited]


class Sandbox:
    """One running kernel. An async context manager: leaving it ends the kernel and everything in it.

    Requests may be made at the same time. A cancelled request is carried out all the same; only its answer is dropped.
    """

    def __init__(self, *, path: str | None = None, on_event: Callable[[protocol.Event], None] | None = None) -> None:
        """`on_event` is told log lines and traced calls; it must not block."""
        self._path = path
        self._on_event = on_event or _ignore
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[protocol.Json]] = {}
        self._running: dict[tuple[str, int], asyncio.Future[protocol.Exited]] = {}
        self._early: dict[tuple[str, int], protocol.Exited] = {}
        self._unsent: deque[tuple[memoryview, list[int]]] = deque()
        self._fatal: str | None = None
        self._closed: errors.Ended | None = None

    async def __aenter__(self) -> Sandbox:
        started = binary.start(self._path or binary.find())
        self.pid = started.pid
        self._control = started.control
        self._control.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._control, self._readable)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
        await asyncio.shield(asyncio.to_thread(os.waitpid, self.pid, 0))

    async def create(self, pod: spec.Pod) -> None:
        """Describe the pod; the first request, made once."""
        await self._request("create", protocol.create(pod))

    async def start(self, container: spec.Container) -> Running:
        """Start a container. Returns once its program runs; raises `Refused`."""
        number = next(self._numbers)
        with Descriptors(str(number)) as descriptors:
            arguments = protocol.start(container, descriptors)
            for key, fd in descriptors.parked:
                await self._request("attach", {"key": key}, [fd])
            answer = await self._request("start", arguments, descriptors.sent)
        return self._track(container.name, answer["pid"])

    async def exec(self, container: str, process: spec.Process) -> Running:
        """Run one more program in a container. Returns once it runs; raises `Refused`."""
        with Descriptors(str(next(self._numbers))) as descriptors:
            arguments = protocol.execute(container, process, descriptors)
            answer = await self._request("exec", arguments, descriptors.sent)
        return self._track(container, answer["pid"])

    async def signal(self, container: str, pid: int, signal: int, *, all: bool = False) -> None:
        """Send a signal to one process, or to every one of the container."""
        await self._request("signal", {"container": container, "pid": pid, "signal": signal, "all": all})

    async def resize(self, container: str, pid: int, rows: int, columns: int) -> None:
        """Tell the terminal of a process its new size."""
        await self._request("resize", {"container": container, "pid": pid, "rows": rows, "columns": columns})

    async def stop(self, container: str) -> None:
        """Kill a container. Returns when nothing of it is left."""
        await self._request("stop", {"container": container})

    async def stats(self) -> protocol.Json:
        """What is used at this moment, as docs/control-protocol.md shows it."""
        return await self._request("stats", {})

    async def trace(self, container: str | None, *, on: bool) -> None:
        """Turn call events on or off, for one container or for all."""
        await self._request("trace", {"container": container, "on": on})

    def _track(self, container: str, pid: int) -> Running:
        key = (container, pid)
        exited: asyncio.Future[protocol.Exited] = self._loop.create_future()
        if (early := self._early.pop(key, None)) is not None:
            exited.set_result(early)
        elif self._closed is not None:
            _fail(exited, self._closed)
        else:
            self._running[key] = exited
        return Running(container, pid, exited)

    async def _request(self, operation: str, arguments: protocol.Json, fds: list[int] | None = None) -> protocol.Json:
        if self._closed is not None:
            raise self._closed
        number = next(self._numbers)
        answer = self._answers[number] = self._loop.create_future()
        message = memoryview(protocol.write(number, operation, arguments))
        self._unsent.append((message, [os.dup(fd) for fd in fds or []]))
        self._writable()
        try:
            return await answer
        finally:
            self._answers.pop(number, None)

    def _writable(self) -> None:
        try:
            while self._unsent:
                self._send_some()
        except BlockingIOError:
            self._loop.add_writer(self._control, self._writable)
        except ConnectionError:
            self._finish()
        else:
            self._loop.remove_writer(self._control)

    def _send_some(self) -> None:
        message, fds = self._unsent[0]
        sent = socket.send_fds(self._control, [message], fds) if fds else self._control.send(message)
        _close_all(fds)
        if sent == len(message):
            self._unsent.popleft()
        else:
            self._unsent[0] = (message[sent:], [])

    def _readable(self) -> None:
        try:
            data = self._control.recv(_READ)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._finish()
            return
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except errors.ProtocolBroken as error:
            self._fatal = str(error)
            self._finish()

    def _take(self, message: protocol.Answer | protocol.Event) -> None:
        match message:
            case protocol.Answer(number, ok, error):
                answer = self._answers.get(number)
                if answer is None or answer.done():
                    return
                if error is not None:
                    answer.set_exception(error)
                else:
                    answer.set_result(ok or {})
            case protocol.Exited(container, pid):
                if (exited := self._running.pop((container, pid), None)) is None:
                    self._early[container, pid] = message
                elif not exited.done():
                    exited.set_result(message)
            case protocol.Fatal(text):
                self._fatal = text
            case _:
                self._on_event(message)

    def _finish(self) -> None:
        """Close the socket, which ends the kernel, and fail whatever still waits."""
        if self._closed is not None:
            return
        self._closed = errors.Ended(self._fatal or "podvisor-sandbox has ended", self._fatal)
        self._loop.remove_reader(self._control)
        self._loop.remove_writer(self._control)
        self._control.close()
        for _, fds in self._unsent:
            _close_all(fds)
        self._unsent.clear()
        for future in [*self._answers.values(), *self._running.values()]:
            _fail(cast("asyncio.Future[object]", future), self._closed)
        self._running.clear()


def _ignore(event: protocol.Event) -> None:
    """The default `on_event`."""


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)
    fds.clear()


def _fail(future: asyncio.Future[object] | asyncio.Future[protocol.Exited], error: errors.Ended) -> None:
    if not future.done():
        future.set_exception(errors.Ended(str(error), error.fatal))
        future.exception()
