"""A sandbox for a caller that does many things at once: the node.

The same requests as `process`, on the running asyncio loop. Each container's and each exec's end is a future, so
nobody dispatches events by hand.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal as signals
import socket
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from podvisor.sandbox import binary, errors, protocol, reaping, silence, spec, watchdog
from podvisor.sandbox.descriptors import Descriptors

_READ = 1 << 16
HUNG = "podvisor-sandbox did not answer, and was killed"


@dataclass(frozen=True, slots=True)
class Running:
    """A process in a sandbox, by its guest number."""

    container: str
    pid: int
    _exited: asyncio.Future[protocol.Exited]

    @property
    def exited(self) -> asyncio.Future[protocol.Exited]:
        """Its end, or `Ended` where the kernel went first. Each caller gets its own future: cancelling one, as a
        timeout does, loses nothing."""
        waiting = asyncio.shield(self._exited)
        waiting.add_done_callback(_heed)
        return waiting


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request's answer to come; where it starts a process of `container`, the end of that as well."""

    answer: asyncio.Future[protocol.Json]
    container: str | None
    exited: asyncio.Future[protocol.Exited]


class Sandbox:
    """One running kernel. An async context manager: leaving it ends the kernel and everything in it.

    Requests may be made at the same time. A cancelled request is carried out all the same; only its answer is dropped:
    after a cancelled `start` the container may run, and `stop` takes it back.

    No request waits for ever: a kernel that says nothing to one, nor to a ping, is killed with all of its guests, and
    whatever waits raises `Unresponsive`.
    """

    def __init__(self, *, path: str | None = None) -> None:
        self._path = path
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}
        self._running: dict[tuple[str, int], asyncio.Future[protocol.Exited]] = {}
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
        self._suspicion = silence.Suspicion(self.pid)
        self._watchdog = watchdog.Watchdog(
            self.pid, owes=lambda: bool(self._waiting or self._unsent), ping=self._ping, hung=lambda: self.kill(HUNG)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish()
        await asyncio.shield(reaping.reap(self.pid))

    @property
    def has_ended(self) -> bool:
        """Whether the kernel has ended, or has been told to."""
        return self._closed is not None

    def kill(self, why: str) -> None:
        """End the kernel and everything in it at once, as one that does not answer."""
        if self._closed is None:
            os.kill(self.pid, signals.SIGKILL)  # It is our child and not reaped yet: the number is still its own.
            self._finish(errors.Unresponsive(why))

    def look(self) -> None:
        """Ask the kernel whether it still answers, if it has run since the last look. For a slow rhythm."""
        if self._closed is None and self._suspicion.is_due():
            self._ping()
            self._watchdog.asked()

    async def create(self, pod: spec.Pod) -> None:
        """Describe the pod; the first request, made once."""
        await self._request("create", protocol.create(pod))

    async def volume(self, volume: spec.Volume | spec.ImageVolume) -> None:
        """Make a volume known to the mounts of later containers; one of the host before the first of them starts."""
        with Descriptors(str(next(self._numbers))) as descriptors:
            arguments = protocol.volume(volume, descriptors)
            await self._request("volume", arguments, descriptors.sent)

    async def changed(self, volume: str, name: str) -> None:
        """Tell who watches a volume that the host has put `name` at its top in place of another, such as `..data`."""
        await self._request("changed", {"volume": volume, "name": name})

    async def reach(self, path: str, *, writable: bool = False) -> None:
        """Let containers that start later have layers or mounts of the host at or below `path`.

        With the first start the kernel gives up every host file that it was not handed before.
        """
        number = next(self._numbers)
        with Descriptors(str(number)) as descriptors:
            descriptors.open(path, writable=writable)
            await self._request("attach", {"key": f"reach-{number}", "writable": writable}, descriptors.sent)

    async def start(self, container: spec.Container) -> Running:
        """Start a container. Returns once its program runs; raises `Refused`.

        The name may be that of a container that has ended, which is then forgotten.
        """
        number = next(self._numbers)
        with Descriptors(str(number)) as descriptors:
            arguments = protocol.start(container, descriptors)
            for key, fd in descriptors.parked:
                await self._request("attach", {"key": key}, [fd])
            return await self._run("start", container.name, arguments, descriptors.sent)

    async def exec(self, container: str, process: spec.Process) -> Running:
        """Run one more program in a container. Returns once it runs; raises `Refused`."""
        with Descriptors(str(next(self._numbers))) as descriptors:
            arguments = protocol.execute(container, process, descriptors)
            return await self._run("exec", container, arguments, descriptors.sent)

    async def signal(self, container: str, pid: int, signal: int, *, all: bool = False) -> None:
        """Send a signal to one process, or to every one of the container."""
        await self._request("signal", {"container": container, "pid": pid, "signal": signal, "all": all})

    def post_signal(self, container: str, pid: int, signal: int) -> None:
        """Send a signal to one process, without waiting for it to be done or refused."""
        with suppress(errors.Ended):
            self._send("signal", {"container": container, "pid": pid, "signal": signal, "all": False}, [])

    async def resize(self, container: str, pid: int, rows: int, columns: int) -> None:
        """Tell the terminal of a process its new size."""
        await self._request("resize", {"container": container, "pid": pid, "rows": rows, "columns": columns})

    async def dial(self, address: str | None, port: int, fd: int, *, source: str | None = None) -> None:
        """Connect to a TCP port of the pod and join `fd`, a stream socket, to it; its other end is the caller's.

        Without `address` it is the pod's first one; `source` is who the server sees as its peer. Raises
        `Refused` where nobody listens; where the listener's queue is full the answer waits.
        """
        await self._request("dial", {"port": port, "address": address, "source": source}, [fd])

    async def network(self, fd: int) -> None:
        """Join the pod to its node's switch, which has the other end of `fd`; in place of an earlier one."""
        await self._request("network", {}, [fd])

    async def stop(self, container: str) -> None:
        """Kill a container. Returns when nothing of it is left."""
        await self._request("stop", {"container": container})

    async def stats(self) -> protocol.Json:
        """What is used at this moment, as docs/control-protocol.md shows it."""
        return await self._request("stats", {})

    async def _run(self, operation: str, container: str, arguments: protocol.Json, fds: list[int]) -> Running:
        waiting = _Waiting(self._loop.create_future(), container, self._loop.create_future())
        answer = await self._answer(operation, arguments, fds, waiting)
        return Running(container, answer["pid"], waiting.exited)

    async def _request(self, operation: str, arguments: protocol.Json, fds: list[int] | None = None) -> protocol.Json:
        waiting = _Waiting(self._loop.create_future(), None, self._loop.create_future())
        return await self._answer(operation, arguments, fds or [], waiting)

    async def _answer(
        self, operation: str, arguments: protocol.Json, fds: list[int], waiting: _Waiting
    ) -> protocol.Json:
        number = self._send(operation, arguments, fds, waiting)
        try:
            return await waiting.answer
        finally:
            self._waiting.pop(number, None)

    def _send(self, operation: str, arguments: protocol.Json, fds: list[int], waiting: _Waiting | None = None) -> int:
        """Send a request; its number, which an answer that nobody waits for is dropped by."""
        if self._closed is not None:
            raise self._closed
        number = next(self._numbers)
        message = memoryview(protocol.write(number, operation, arguments))
        if waiting is not None:
            self._waiting[number] = waiting
        self._unsent.append((message, [os.dup(fd) for fd in fds]))
        self._watchdog.asked()
        self._writable()
        return number

    def _ping(self) -> None:
        """Ask for any answer: one that says that it does not know the question will do."""
        if not self._unsent:
            with suppress(errors.Ended):
                self._send("ping", {}, [])

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
        self._watchdog.heard()
        try:
            for message in self._decoder.feed(data):
                self._take(message)
        except errors.ProtocolBroken as error:
            self._fatal = str(error)
            self._finish()

    def _take(self, message: protocol.Answer | protocol.Event) -> None:
        match message:
            case protocol.Answer():
                self._take_answer(message)
            case protocol.Exited(container, pid):
                exited = self._running.pop((container, pid), None)
                if exited is not None and not exited.done():
                    exited.set_result(message)
            case protocol.Fatal(text):
                self._fatal = text

    def _take_answer(self, message: protocol.Answer) -> None:
        """The end of what was started is waited for from here on: the next message may be the one that tells it."""
        waiting = self._waiting.get(message.id)
        if waiting is None or waiting.answer.done():
            return
        if message.error is not None:
            waiting.answer.set_exception(message.error)
            return
        answer = message.ok or {}
        if waiting.container is not None:
            self._running[waiting.container, answer["pid"]] = waiting.exited
        waiting.answer.set_result(answer)

    def _finish(self, why: errors.Ended | None = None) -> None:
        """Close the socket, which ends the kernel, and fail whatever still waits."""
        if self._closed is not None:
            return
        self._closed = why or errors.Ended(self._fatal or "podvisor-sandbox has ended", self._fatal)
        self._watchdog.close()
        self._loop.remove_reader(self._control)
        self._loop.remove_writer(self._control)
        self._control.close()
        for _, fds in self._unsent:
            _close_all(fds)
        self._unsent.clear()
        for waiting in self._waiting.values():
            _fail(waiting.answer, self._closed)
        for exited in self._running.values():
            _fail(exited, self._closed)
        self._running.clear()


def _heed(exited: asyncio.Future[protocol.Exited]) -> None:
    """Nobody needs to ask for an end: that the kernel went first is no error of whoever waited and was cancelled."""
    if not exited.cancelled():
        exited.exception()


def _close_all(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)
    fds.clear()


def _fail(future: asyncio.Future[Any], error: errors.Ended) -> None:
    if not future.done():
        future.set_exception(type(error)(str(error), error.fatal))
        future.exception()
