"""A sandbox for a caller that does one thing at a time: the command line.

Blocking, without threads or an event loop, because importing and starting one costs more than a program's whole run.
The caller polls `fileno()` beside its own descriptors; between requests, events queue up for `events()`.
"""

from __future__ import annotations

import itertools
import os
import socket
from collections import deque
from collections.abc import Iterator
from types import TracebackType

from podvisor.sandbox import binary, errors, protocol, spec
from podvisor.sandbox.descriptors import Descriptors

_READ = 1 << 16


class Sandbox:
    """One running kernel. A context manager: leaving it ends the kernel and everything in it."""

    def __init__(self, path: str | None = None) -> None:
        """Start a kernel from the binary at `path`, or from the one that `binary.find` finds."""
        started = binary.start(path or binary.find())
        self._pid: int | None = started.pid
        self._control = started.control
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)
        self._answers: dict[int, protocol.Answer] = {}
        self._events: deque[protocol.Event] = deque()
        self._fatal: str | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and wait until its process is gone; closing the socket is what ends it."""
        self._control.close()
        self._wait()

    def fileno(self) -> int:
        """The control socket, readable when there is something for `receive`."""
        return self._control.fileno()

    @property
    def pid(self) -> int | None:
        """The kernel's process on the host, until it is gone."""
        return self._pid

    def create(self, pod: spec.Pod) -> None:
        """Describe the pod; the first request, made once."""
        self._request("create", protocol.create(pod))

    def start(self, container: spec.Container) -> int:
        """Start a container; its first process's number once the program runs. Raises `Refused`."""
        number = next(self._numbers)
        with Descriptors(str(number)) as descriptors:
            arguments = protocol.start(container, descriptors)
            for key, fd in descriptors.parked:
                self._request("attach", {"key": key}, [fd])
            return self._request("start", arguments, descriptors.sent)["pid"]

    def signal(self, container: str, pid: int, signal: int) -> None:
        """Send a signal to one process."""
        self._request("signal", {"container": container, "pid": pid, "signal": signal, "all": False})

    def resize(self, container: str, pid: int, rows: int, columns: int) -> None:
        """Tell the terminal of a process its new size."""
        self._request("resize", {"container": container, "pid": pid, "rows": rows, "columns": columns})

    def stats(self) -> protocol.Json:
        """What is used at this moment, as docs/control-protocol.md shows it."""
        return self._request("stats", {})

    def events(self) -> Iterator[protocol.Event]:
        """The events that have arrived, oldest first; does not wait."""
        while self._events:
            yield self._events.popleft()

    def receive(self) -> None:
        """Wait for the kernel to say something, and take it in. Raises `Ended` when it never will again."""
        try:
            data = self._control.recv(_READ)
        except ConnectionError:
            data = b""
        if not data:
            raise self._ended()
        for message in self._decoder.feed(data):
            if isinstance(message, protocol.Answer):
                self._answers[message.id] = message
            elif isinstance(message, protocol.Fatal):
                self._fatal = message.message
            else:
                self._events.append(message)

    def _request(self, operation: str, arguments: protocol.Json, fds: list[int] | None = None) -> protocol.Json:
        number = next(self._numbers)
        self._send(protocol.write(number, operation, arguments), fds or [])
        while number not in self._answers:
            self.receive()
        answer = self._answers.pop(number)
        if answer.error is not None:
            raise answer.error
        return answer.ok or {}

    def _send(self, message: bytes, fds: list[int]) -> None:
        try:
            sent = socket.send_fds(self._control, [message], fds) if fds else 0
            self._control.sendall(memoryview(message)[sent:])
        except ConnectionError:
            raise self._ended() from None

    def _ended(self) -> errors.Ended:
        status = self._wait()
        how = f"by signal {-status}" if status < 0 else f"with code {status}"
        reason = self._fatal or f"podvisor-sandbox ended {how}"
        return errors.Ended(reason, self._fatal)

    def _wait(self) -> int:
        if self._pid is None:
            return 0
        pid, self._pid = self._pid, None
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
