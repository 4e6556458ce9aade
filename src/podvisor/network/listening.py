"""An address of the node's own in the pod network: what pods connect and send to there comes here.

The node is then one more on the switch, beside the pods' kernels: docs/network.md, "Between kernel and switch" and
"Datagrams". What comes from there is hostile: a packet that means nothing ends what it came on.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

log = logging.getLogger(__name__)

_PACKET = struct.Struct("=BBHI16s16sHH4x")
_INCOMING = 3
_TCP, _UDP = 6, 17
_CONNECTED, _REFUSED, _BUSY = b"\0", b"\x6f", b"\x0b"
_HEAD = struct.Struct("=BBH")
_DATAGRAM = 1
_NOBODY = _HEAD.pack(2, 0, 0)
"""Nobody takes what is sent on a channel."""
_LONGEST = 65507 + _HEAD.size
_TURN = 0.001
"""Seconds for which datagrams of one pod are answered before others get their turn."""
_SHARE = 4
"""Of how many such spans one pod gets one: what it floods is lost in its own kernel meanwhile."""
_STREAMS = 32
"""Connections of one pod at a time; those beyond are tried again by its kernel."""

_WAITING = 100
"""Datagrams of one pod at a time whose answers take a while; those beyond are lost, and sent again by who asks."""

Answer = Callable[[bytes], bytes | Coroutine[Any, Any, bytes] | None]
"""What is sent back for a datagram: at once, later, or nothing."""
Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves one connection, and closes it."""
Start = Callable[[Coroutine[Any, Any, None]], object]
"""Runs something beside the caller."""


@dataclass(frozen=True, slots=True)
class Service:
    """What is served on one port, for datagrams and connections."""

    port: int
    answer: Answer
    converse: Converse


@dataclass(slots=True)
class _Pod:
    """What one pod has of us."""

    streams: int = 0
    channel: _Channel | None = None


@dataclass(slots=True)
class Listening:
    """Serves pods. `hear` is called for each socket of a switch; what is open goes on when a switch ends."""

    service: Service
    start: Start
    _pods: dict[str, _Pod] = field(default_factory=dict[str, "_Pod"])

    async def hear(self, member: socket.socket) -> None:
        """Take in who comes by `member`, until the switch has ended or says what means nothing."""
        member.setblocking(False)
        with member:
            while (come := await _come(member)) is not None and self._take(*come):
                pass

    def close(self) -> None:
        """Hang up on every pod's datagrams."""
        for pod in self._pods.values():
            if pod.channel is not None:
                pod.channel.close()
        self._pods.clear()

    def _take(self, packet: bytes, end: socket.socket) -> bool:
        """Take in one who comes; False where that means nothing."""
        kind, transport, _, _, source, _, _, port = _PACKET.unpack(packet)
        if kind != _INCOMING or transport not in (_TCP, _UDP):
            end.close()
            return False
        end.setblocking(False)
        pod = self._pods.setdefault(_address(source), _Pod())
        if transport == _UDP:
            self._take_channel(pod, port, end)
        elif port != self.service.port or pod.streams >= _STREAMS:
            with end, suppress(OSError):
                end.send(_BUSY if port == self.service.port else _REFUSED)
        else:
            pod.streams += 1
            self.start(self._serve(pod, end))
        return True

    def _take_channel(self, pod: _Pod, port: int, end: socket.socket) -> None:
        if port != self.service.port:
            with end, suppress(OSError):
                end.send(_NOBODY)
            return
        if pod.channel is not None:
            pod.channel.close()
        pod.channel = _Channel(end, self.service.answer, self.start)

    async def _serve(self, pod: _Pod, end: socket.socket) -> None:
        try:
            with suppress(OSError):
                end.send(_CONNECTED)
                await self.service.converse(*await asyncio.open_unix_connection(sock=end))
        except Exception:
            log.exception("a connection of a pod")
        finally:
            pod.streams -= 1
            end.close()


class _Channel:
    """The datagrams of one pod, and the answers to them."""

    def __init__(self, end: socket.socket, answer: Answer, start: Start) -> None:
        self._end = end
        self._answer = answer
        self._start = start
        self._waiting = 0
        self._loop = asyncio.get_running_loop()
        self._rest: asyncio.TimerHandle | None = None
        self._loop.add_reader(end, self._read)

    def close(self) -> None:
        """Answer no more."""
        if self._end.fileno() >= 0:
            self._loop.remove_reader(self._end)
            self._end.close()
        if self._rest is not None:
            self._rest.cancel()

    def _read(self) -> None:
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < _TURN:
            try:
                packet = self._end.recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError:
                packet = b""
            if len(packet) < _HEAD.size:
                self.close()
                return
            self._hear(packet)
        self._loop.remove_reader(self._end)
        self._rest = self._loop.call_later(spent * (_SHARE - 1), self._go_on)

    def _go_on(self) -> None:
        self._loop.add_reader(self._end, self._read)

    def _hear(self, packet: bytes) -> None:
        if packet[0] != _DATAGRAM:
            return
        found = self._answer(packet[_HEAD.size :])
        if isinstance(found, bytes):
            self._send(packet[: _HEAD.size], found)
        elif found is not None:
            self._take_time(packet[: _HEAD.size], found)

    def _take_time(self, head: bytes, answer: Coroutine[Any, Any, bytes]) -> None:
        if self._waiting < _WAITING:
            self._waiting += 1
            self._start(self._later(head, answer))
        else:
            answer.close()

    async def _later(self, head: bytes, answer: Awaitable[bytes]) -> None:
        try:
            self._send(head, await answer)
        except Exception:
            log.exception("a datagram of a pod")
        finally:
            self._waiting -= 1

    def _send(self, head: bytes, answer: bytes) -> None:
        # A pod that does not read loses what it asked for.
        with suppress(OSError):
            self._end.send(head + answer)


async def _come(member: socket.socket) -> tuple[bytes, socket.socket] | None:
    """The next packet of the switch and the descriptor that it brings; None at the end."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            packet, fds, _, _ = socket.recv_fds(member, _PACKET.size + 1, 1)
        except BlockingIOError:
            await _readable(loop, member)
            continue
        except OSError:
            return None
        ends = [socket.socket(fileno=fd) for fd in fds]
        if len(packet) == _PACKET.size and len(ends) == 1:
            return packet, ends[0]
        for end in ends:
            end.close()
        if len(packet) != _PACKET.size:
            return None


async def _readable(loop: asyncio.AbstractEventLoop, member: socket.socket) -> None:
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(member, lambda: ready.done() or ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(member)


def _address(bits: bytes) -> str:
    """The address that a packet names: one of IPv4 is mapped into IPv6."""
    found = ip_address(bits)
    return str(getattr(found, "ipv4_mapped", None) or found)
