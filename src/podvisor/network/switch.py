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
from podvisor.network import messages, policy
from podvisor.network.egress import NOTHING, Bounds
from podvisor.network.listeners import Lead, Listener
from podvisor.network.services import Backends, Port
from podvisor.sandbox import binary, errors, protocol, reaping

_READ = 1 << 16
SECONDS = 30.0
"""How long a request may take before the switch is given up and killed."""


class Switch:
    """A running switch. An async context manager: leaving it ends the switch; connections that stand go on."""

    def __init__(self, clock: Clock, host: str | None = None, bounds: Bounds = NOTHING) -> None:
        """`host` is the one address of the machine, `ADDRESS:PORT`, that a Service may lead to: the API server's.

        `bounds` says what pods may reach outside of the cluster; nothing that is told later can widen it.
        """
        self._clock = clock
        self._host = host
        self._bounds = bounds
        self._decoder = protocol.Decoder()
        self._numbers = itertools.count(1)
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> Switch:
        started = binary.start(binary.find(), messages.words(self._host, self._bounds), "podvisor-switch")
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
        await self._request("pod", messages.pod(name, addresses), [fd])

    async def forget(self, name: str) -> None:
        """A pod is gone."""
        await self._request("forget", {"pod": name})

    async def services(self, fresh: Mapping[Port, Backends], gone: Iterable[Port]) -> None:
        """Ports of Services that are new or have changed, and ports that are gone."""
        await self._request("services", messages.services(fresh, gone))

    async def policies(self, changes: policy.Changes) -> None:
        """What pods may do that no longer is as it was, and the groups of pods that this names."""
        await self._request("policies", messages.policies(changes))

    async def listen(self, listener: Listener, lead: Lead, node: str, fd: int) -> None:
        """A port of the machine, at which `fd` listens without waiting, leads to pods; `node` is whom they see."""
        await self._request("listen", messages.listen(listener, lead, node), [fd])

    async def unlisten(self, listener: Listener) -> None:
        """It leads nowhere any more."""
        await self._request("unlisten", {"listener": str(listener)})

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
