"""Who may be connected to the API server, for how long, and how many at a time.

A connection is a stranger's until it shows a certificate of ours or sends a request with a token that is good. A
stranger has a few seconds for everything: the TLS handshake, the head of a request, its body. There is room for so many
of them; one more, and the oldest goes. The same happens when descriptors run short, since pods need some to start. What
authenticates is known from then on, and stays.
"""

import asyncio
import errno
import logging
import resource
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from podvisor.apiserver.access import Authenticator, User
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.base.http import Request
from podvisor.base.tasks import Scope

log = logging.getLogger(__name__)

_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AT_ONCE = 64
"""Connections that are accepted in one turn of the loop."""


def _reserve() -> int:
    """A quarter of what the process may have open: for pods, whose start takes some tens, and files."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may take."""

    strangers: int = 256
    """Connections at a time."""
    seconds: float = 15.0
    """From the accept to the first request that is somebody's."""
    sweep: float = 1.0
    """Seconds between looks at who has been here for too long."""


Address = tuple[object, ...]
"""A peer's, as `accept` has it: no two connections to one listener have the same."""


@dataclass(slots=True)
class _Stranger:
    since: float
    task: asyncio.Task[None]
    """Makes the connection."""
    transport: asyncio.Transport | None = None
    """Once there is one."""

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()
        self.task.cancel()

    @property
    def gone(self) -> bool:
        return self.task.done() and (self.transport is None or self.transport.is_closing())


class Connections:
    """Accepts connections for a server, and ends those of strangers."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._highest = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _reserve()
        self._strangers: dict[Address, _Stranger] = {}

    def __len__(self) -> int:
        """How many connections nobody has authenticated."""
        return len(self._strangers)

    def recognise(self, address: Address) -> None:
        """A request on the connection from this address is somebody's."""
        self._strangers.pop(address, None)

    @asynccontextmanager
    async def accepting(
        self, listener: socket.socket, server: Callable[[], asyncio.Protocol], context: ssl.SSLContext
    ) -> AsyncGenerator[None]:
        """Accept from `listener` for `server` while the block runs."""
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        async with tasks.background() as scope:
            scope.start(self._sweep(), name="sweep of connections")
            loop.add_reader(listener.fileno(), self._accept, listener, scope, server, context)
            try:
                yield
            finally:
                loop.remove_reader(listener.fileno())

    def _accept(
        self,
        listener: socket.socket,
        scope: Scope,
        server: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
    ) -> None:
        """Take what has arrived. The kernel's queue holds what is more than one turn's work."""
        for _ in range(_AT_ONCE):
            try:
                connection, peer = listener.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                return
            except OSError as error:
                if error.errno not in _FULL or not self._close_oldest():
                    log.warning("a connection could not be accepted: %s", error.strerror)
                    return
                continue
            if connection.fileno() >= self._highest and not self._close_oldest():
                log.warning("a connection was refused: too many are open")
                connection.close()
                continue
            if len(self._strangers) >= self._limits.strangers:
                self._close_oldest()
            connection.setblocking(False)
            address = tuple(peer)
            task = scope.start(self._make(connection, address, server, context), name="connection")
            self._strangers[address] = _Stranger(self._clock.monotonic(), task)

    async def _make(
        self,
        connection: socket.socket,
        address: Address,
        server: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
    ) -> None:
        """The handshake: what fails in it is the stranger's own affair."""
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.connect_accepted_socket(server, connection, ssl=context)
        except (OSError, EOFError):
            self._strangers.pop(address, None)
            connection.close()
            return
        except BaseException as error:
            connection.close()
            if not isinstance(error, Exception):
                raise
            log.exception("a connection could not be made")
            return
        if stranger := self._strangers.get(address):
            stranger.transport = transport
        if transport.get_extra_info("peercert"):
            self.recognise(address)

    def _close_oldest(self) -> bool:
        """Make room; False where there is no stranger to make it."""
        for address in tuple(self._strangers):
            stranger = self._strangers.pop(address)
            gone = stranger.gone
            stranger.close()
            if not gone:
                return True
        return False

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(self._limits.sweep)
            due = self._clock.monotonic() - self._limits.seconds
            for address, stranger in tuple(self._strangers.items()):
                if stranger.gone or stranger.since <= due:
                    del self._strangers[address]
                    with suppress(RuntimeError):
                        stranger.close()


class Recognising:
    """An `Authenticator` that tells of every connection on which it found a user."""

    def __init__(self, authenticator: Authenticator, connections: Connections) -> None:
        self._authenticator = authenticator
        self._connections = connections

    async def authenticate(self, request: Request) -> User | None:
        """See Authenticator."""
        if user := await self._authenticator.authenticate(request):
            self._connections.recognise(request.peer.address)
        return user
