"""A switch for one pod and a caller that does one thing at a time: `podvisor run`.

Blocking, as `sandbox.process` is. It is asked a few things before the pod's program starts, and nothing later.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
from collections.abc import Sequence
from types import TracebackType

from podvisor.network import messages, policy
from podvisor.network.egress import Bounds
from podvisor.network.listeners import Lead, Listener
from podvisor.sandbox import binary, errors, protocol
from podvisor.sandbox.process import Sandbox

SECONDS = 30.0
"""How long a request may take."""
LAST = 5.0
"""Seconds that it has to end by itself."""
_READ = 1 << 16


class Switch:
    """A running switch. A context manager: leaving it ends the switch."""

    def __init__(self, bounds: Bounds) -> None:
        started = binary.start(binary.find(), messages.words(None, bounds), "podvisor-switch")
        self._pid = started.pid
        self._control = started.control
        self._control.settimeout(SECONDS)
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        process = os.pidfd_open(self._pid)
        try:
            if not select.select([process], [], [], LAST)[0]:
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        finally:
            os.close(process)

    def join(self, sandbox: Sandbox, name: str, addresses: Sequence[str]) -> None:
        """Let a pod reach others and be reached."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            self._request("pod", messages.pod(name, addresses), [ours.fileno()])
            sandbox.network(theirs.fileno())

    def policies(self, changes: policy.Changes) -> None:
        """What pods may do."""
        self._request("policies", messages.policies(changes))

    def listen(self, listener: Listener, lead: Lead, node: str, fd: int) -> None:
        """A port of the machine, at which `fd` listens without waiting, leads to a pod; `node` is whom it sees."""
        self._request("listen", messages.listen(listener, lead, node), [fd])

    def _request(self, operation: str, arguments: protocol.Json, fds: Sequence[int] = ()) -> None:
        message = protocol.write(next(self._numbers), operation, arguments)
        try:
            sent = socket.send_fds(self._control, [message], fds) if fds else 0
            self._control.sendall(memoryview(message)[sent:])
            while True:
                if not (data := self._control.recv(_READ)):
                    raise errors.Ended("podvisor-switch has ended")
                for answer in self._decoder.feed(data):
                    if isinstance(answer, protocol.Answer):
                        if answer.error is not None:
                            raise answer.error
                        return
        except ConnectionError as error:
            raise errors.Ended("podvisor-switch has ended") from error
        except TimeoutError as error:
            raise errors.Unresponsive("podvisor-switch did not answer") from error
