"""The node's switch as a process, and what it can be asked: docs/network.md.

One request at a time, each answered before the next is sent.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType

from podvisor.base.clock import Clock
from podvisor.network.services import Backends, Port
from podvisor.sandbox import binary, errors, protocol, reaping

_READ = 1 << 16
SECONDS = 30.0
"""How long a request may take before the switch is given up and killed."""


class Switch:
    """A running switch. An async context manager: leaving it ends the switch; connections that stand go on."""

    def __init__(self, clock: Clock, host: str | None = None) -> None:
        """`host` is the one address of the machine, `ADDRESS:PORT`, that a Service may lead to: the API server's."""
        self._clock = clock
        self._host = host
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Switch:
        words = ["switch", "--control-fd", str(binary.CONTROL_FD), *(["--host", self._host] if self._host else [])]
        started = binary.start(binary.find(), words, "podvisor-switch")
        self.pid = started.pid
        self._control = started.control
        self._control.setblocking(False)
        self._process = os.pidfd_open(self.pid)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        os.close(self._process)
        await asyncio.shield(reaping.reap(self.pid))

    async def ended(self) -> None:
        """Return once the switch is gone, which it never is by itself."""
        loop = asyncio.get_running_loop()
        gone = loop.create_future()
        loop.add_reader(self._process, lambda: gone.done() or gone.set_result(None))
        try:
            await gone
        finally:
            loop.remove_reader(self._process)

    async def pod(self, name: str, addresses: Sequence[str], fd: int) -> None:
        """A pod, whose kernel has the other end of `fd`; in place of an earlier one of that name."""
        await self._request("pod", {"pod": name, "addresses": list(addresses)}, [fd])

    async def forget(self, name: str) -> None:
        """A pod is gone."""
        await self._request("forget", {"pod": name})

    async def services(self, fresh: Mapping[Port, Backends], gone: Iterable[Port]) -> None:
        """Ports of Services that are new or have changed, and ports that are gone."""
        entries = [
            {"at": _place(port), "endpoints": one.endpoints, "host": one.host, "affinity": one.affinity}
            for port, one in fresh.items()
        ]
        await self._request("services", {"set": entries, "remove": [_place(port) for port in gone]})

    async def ping(self) -> None:
        """Return once the switch has answered."""
        await self._request("ping", {})

    async def _request(self, operation: str, arguments: protocol.Json, fds: Sequence[int] = ()) -> None:
        try:
            async with self._clock.timeout(SECONDS), self._lock:
                await self._ask(operation, arguments, fds)
        except TimeoutError as error:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            raise errors.Unresponsive("podvisor-switch did not answer, and was killed") from error

    async def _ask(self, operation: str, arguments: protocol.Json, fds: Sequence[int]) -> None:
        loop, number = asyncio.get_running_loop(), next(self._numbers)
        message = memoryview(protocol.write(number, operation, arguments))
        try:
            # The socket is empty: every earlier request was read. So the first bytes never wait.
            sent = socket.send_fds(self._control, [message], fds) if fds else 0
            await loop.sock_sendall(self._control, message[sent:])
            while True:
                data = await loop.sock_recv(self._control, _READ)
                if not data:
                    raise errors.Ended("podvisor-switch has ended")
                for answer in self._decoder.feed(data):
                    if isinstance(answer, protocol.Answer) and answer.id == number:
                        if answer.error is not None:
                            raise answer.error
                        return
        except ConnectionError as error:
            raise errors.Ended("podvisor-switch has ended") from error


def _place(port: Port) -> protocol.Json:
    return {"protocol": port.protocol, "address": port.address, "port": port.port}
