"""The DNS server: UDP and TCP on one port.

    async with serve(zone, clock) as address: ...

It answers each question at once and keeps nothing of who asked, so that a client's flood costs only what its answers
cost. Names outside of the cluster are refused, unless there is a `Forwarder`. A node serves its pods by `Server` alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.network.dns import codec
from podvisor.network.dns.cache import Cache
from podvisor.network.dns.codec import Malformed, Question
from podvisor.network.dns.zone import Answer, Record, Zone

_ATTEMPTS = 16
"""How many ports are tried: the one of UDP that the machine chooses may be taken for TCP."""
_IDLE = 10.0
"""Seconds that a TCP client may think before it says something (RFC 7766 asks for a few)."""
_CLIENTS = 256
"""TCP connections at a time; those beyond are closed at once."""
_ASKED = 1000
"""Questions by UDP at a time that wait for a forwarder; those beyond are dropped, and asked again by their clients."""


class Forwarder(Protocol):
    """Who knows names outside of the cluster."""

    async def ask(self, message: bytes, *, tcp: bool) -> bytes | None:
        """The answer to a message, with its number; None if nobody answers in time."""
        ...

    async def resolve(self, name: str, kind: str) -> Sequence[Record]:
        """Records of a name; none where nothing is known."""
        ...


@asynccontextmanager
async def serve(
    zone: Zone, clock: Clock, *, host: str = "127.0.0.1", forwarder: Forwarder | None = None
) -> AsyncGenerator[str]:
    """Answer questions about `zone`, which does not change, while the block runs.

    Yields `ADDRESS:PORT`, the same for both transports.
    """
    server = Server(Responder(zone, clock, forwarder), clock, lambda: 0)
    async with tasks.background() as scope:
        udp, tcp = await _listen(server, scope, host)
        try:
            yield f"{host}:{udp.get_extra_info('sockname')[1]}"
        finally:
            udp.close()
            tcp.close()


async def _listen(server: Server, scope: tasks.Scope, host: str) -> tuple[asyncio.DatagramTransport, asyncio.Server]:
    for attempt in range(_ATTEMPTS):
        loop = asyncio.get_running_loop()
        udp, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(server, scope), (host, 0))
        try:
            return udp, await asyncio.start_server(server.converse, host, udp.get_extra_info("sockname")[1])
        except OSError:
            udp.close()
            if attempt + 1 == _ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


class Responder:
    """What to say to a message."""

    def __init__(self, zone: Zone, clock: Clock, forwarder: Forwarder | None = None) -> None:
        self._zone = zone
        self._clock = clock
        self._forwarder = forwarder

    def at_once(self, question: Question, room: int | None) -> bytes | None:
        """The answer that needs nobody else; None if one does. `room` is None by TCP."""
        if not self._zone.owns(question.name.lower()):
            return codec.encode(question, "REFUSED") if self._forwarder is None else None
        found = self._zone.answer(question.name, question.type)
        if found.outside and self._forwarder is not None:
            return None
        return self._encoded(question, found, (), room)

    async def later(self, message: bytes, question: Question, *, tcp: bool) -> bytes:
        """The answer to what `at_once` has none for."""
        assert self._forwarder is not None
        if not self._zone.owns(question.name.lower()):
            return await self._forwarder.ask(message, tcp=tcp) or codec.encode(question, "SERVFAIL")
        found = self._zone.answer(question.name, question.type)
        # Clients do not ask again for what a CNAME leads to.
        more = await self._forwarder.resolve(found.outside, question.type) if found.outside else ()
        return self._encoded(question, found, more, None if tcp else question.room)

    def _encoded(self, question: Question, found: Answer, more: Sequence[Record], room: int | None) -> bytes:
        if not found.records:
            authority = [self._zone.soa(int(self._clock.now().timestamp()))]
            return codec.encode(question, "NOERROR" if found.exists else "NXDOMAIN", authority=authority, room=room)
        records = [*_shuffled(found.records), *more]
        return codec.encode(question, "NOERROR", records, additional=found.additional, room=room)


class Server:
    """What is said to pods: messages by UDP, and conversations by TCP."""

    def __init__(self, responder: Responder, clock: Clock, version: Callable[[], int]) -> None:
        """`version` counts the changes of what the zone knows."""
        self._responder = responder
        self._cache = Cache(version)
        self.converse = _Clients(responder, clock).serve

    def answer(self, message: bytes) -> bytes | Coroutine[Any, Any, bytes] | None:
        """The answer to a datagram: at once, later, or none."""
        if (kept := self._cache.get(message)) is not None:
            return kept
        try:
            question = codec.decode(message)
        except Malformed as error:
            return error.answer
        answer = self._responder.at_once(question, question.room)
        if answer is None:
            return self._responder.later(message, question, tcp=False)
        self._cache.put(message, answer)
        return answer


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Server, scope: tasks.Scope) -> None:
        self._server = server
        self._scope = scope
        self._asked = 0

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._server.answer(data)
        if isinstance(answer, bytes):
            self._transport.sendto(answer, addr)
        elif answer is not None and self._asked < _ASKED:
            self._scope.start(self._later(answer, addr))
        elif answer is not None:
            answer.close()

    async def _later(self, coming: Coroutine[Any, Any, bytes], sender: tuple[str, int]) -> None:
        self._asked += 1
        try:
            answer = await coming
        finally:
            self._asked -= 1
        if not self._transport.is_closing():
            self._transport.sendto(answer, sender)


class _Clients:
    """Who asks by TCP."""

    def __init__(self, responder: Responder, clock: Clock) -> None:
        self._responder = responder
        self._clock = clock
        self._count = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one client, one after the other."""
        self._count += 1
        try:
            if self._count <= _CLIENTS:
                with suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError, Malformed):
                    await self._converse(reader, writer)
        finally:
            self._count -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with self._clock.timeout(_IDLE):
                length = int.from_bytes(await reader.readexactly(2), "big")
                message = await reader.readexactly(length)
            question = codec.decode(message)
            answer = self._responder.at_once(question, None)
            if answer is None:
                answer = await self._responder.later(message, question, tcp=True)
            writer.write(len(answer).to_bytes(2, "big") + answer)
            async with self._clock.timeout(_IDLE):
                await writer.drain()


def _shuffled(records: Sequence[Record]) -> Sequence[Record]:
    """Clients take the first address, and all shall be taken alike. A CNAME stays in front of what it leads to."""
    first = [record for record in records if record.type == "CNAME"]
    others = [record for record in records if record.type != "CNAME"]
    random.shuffle(others)
    return [*first, *others]
