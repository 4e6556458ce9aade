"""A sandbox for a caller that does one thing at a time: the command line.

Blocking, without threads or an event loop, because importing and starting one costs more than a program's whole run.
The caller polls `fileno()` beside its own descriptors; between requests, events queue up for `events()`.
"""

from __future__ import annotations

import itertools
import os
import select
import signal as signals
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

from podvisor.sandbox import binary, errors, protocol, silence, spec
from podvisor.sandbox.descriptors import Descriptors

_READ = 1 << 16
PATIENCE = 5.0
"""Seconds that a kernel has to end its guests and itself once its control socket is closed."""


class Sandbox:
    """One running kernel. A context manager: leaving it ends the kernel and everything in it.

    No request waits for ever: a kernel that says nothing to one, nor to a ping, is killed with all of its guests, and
    the request raises `Unresponsive`.
    """

    def __init__(self, path: str | None = None) -> None:
        """Start a kernel from the binary at `path`, or from the one that `binary.find` finds."""
        started = binary.start(path or binary.find())
        self._pid: int | None = started.pid
        self._control = started.control
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)
        self._control.settimeout(silence.STEP * silence.STEPS)
        self._awaited = 0
        self._answer: protocol.Answer | None = None
        self._events: deque[protocol.Event] = deque()
        self._fatal: str | None = None
        self._suspicion = silence.Suspicion(started.pid)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and wait until its process is gone; closing the socket is what ends it, or else SIGKILL."""
        self._control.close()
        self._wait()

    def kill(self) -> None:
        """End the kernel and everything in it at once, whatever it is doing."""
        if self._pid is not None:
            os.kill(self._pid, signals.SIGKILL)  # It is our child and not reaped yet: the number is still its own.

    def look(self) -> None:
        """Ask the kernel whether it still answers, if it has run since the last look. For a slow rhythm.

        Raises `Unresponsive`.
        """
        if self._suspicion.is_due():
            with suppress(errors.Refused):
                self._request("ping", {})

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

    def network(self, fd: int) -> None:
        """Join the pod to a switch, which has the other end of `fd`."""
        self._request("network", {}, [fd])

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
                if message.id == self._awaited:
                    self._answer = message
            elif isinstance(message, protocol.Fatal):
                self._fatal = message.message
            else:
                self._events.append(message)

    def _request(self, operation: str, arguments: protocol.Json, fds: list[int] | None = None) -> protocol.Json:
        number = next(self._numbers)
        self._awaited, self._answer = number, None
        self._send(protocol.write(number, operation, arguments), fds or [])
        answer = self._await_answer()
        if answer.error is not None:
            raise answer.error
        return answer.ok or {}

    def _await_answer(self) -> protocol.Answer:
        """Take in what comes until the request is answered. Whatever the kernel says counts as a sign of life."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        silent = 0
        while self._answer is None:
            if poll.poll(silence.STEP * 1000):
                silent = 0
                self.receive()
                continue
            silent += 1
            if silent == 1:
                self._send(protocol.write(next(self._numbers), "ping", {}), [])
            if self._pid is not None and silence.is_too_long(silent, self._pid):
                raise self._given_up()
        return self._answer

    def _send(self, message: bytes, fds: list[int]) -> None:
        try:
            sent = socket.send_fds(self._control, [message], fds) if fds else 0
            self._control.sendall(memoryview(message)[sent:])
        except ConnectionError:
            raise self._ended() from None
        except TimeoutError:
            raise self._given_up() from None

    def _given_up(self) -> errors.Unresponsive:
        self.kill()
        self._wait()
        return errors.Unresponsive("podvisor-sandbox did not answer, and was killed")

    def _ended(self) -> errors.Ended:
        status = self._wait()
        how = f"by signal {-status}" if status < 0 else f"with code {status}"
        reason = self._fatal or f"podvisor-sandbox ended {how}"
        return errors.Ended(reason, self._fatal)

    def _wait(self) -> int:
        if self._pid is None:
            return 0
        process = os.pidfd_open(self._pid)
        try:
            ended = select.poll()
            ended.register(process, select.POLLIN)
            if not ended.poll(PATIENCE * 1000):
                self.kill()
        finally:
            os.close(process)
        pid, self._pid = self._pid, None
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status < 0:
            # A kernel that was killed could not end its guests, and the host does so only where it has pid namespaces.
            from podvisor.sandbox import orphans

            orphans.end(orphans.guests())
        return status
