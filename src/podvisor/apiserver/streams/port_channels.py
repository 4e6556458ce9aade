"""Ports of a pod as the channels of one WebSocket (v4.channel.k8s.io, kubelet `pkg/cri/streaming/portforward`).

Each port has two channels, data and errors, in the order in which the ports were asked for. The first message of each
is the port in two bytes, the lower one first. The form in base64 is text.
"""

import asyncio
import base64
import binascii
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from podvisor.apiserver.reach.dialing import DialFailed
from podvisor.apiserver.streams.forwarding import Pod
from podvisor.base import tasks
from podvisor.base.bytestreams import relay
from podvisor.base.http import Close, WebSocket
from podvisor.types import status

MAX_PORTS = 100
"""A channel's number is a byte, and in base64 a digit's place."""
_TEXT = "v4.base64.channel.k8s.io"
_KNOWN = ("v4.channel.k8s.io", _TEXT)
_NORMAL = 1000
_WAITING = 16
"""Messages that a port may be behind with before nothing more is read from the client."""


def chosen(offered: Sequence[str]) -> str:
    """The subprotocol, empty where the client names none. Raises BadRequest."""
    if not offered:
        return ""
    if (found := next((name for name in offered if name in _KNOWN), None)) is None:
        raise status.BadRequest(f"unable to upgrade: no subprotocol of {', '.join(_KNOWN)} was offered")
    return found


async def forward(near: WebSocket, ports: Sequence[int], pod: Pod) -> None:
    """Forward one connection to each of the ports, until all are over or the client goes."""
    channels = [_Channel(near, 2 * place, port) for place, port in enumerate(ports)]
    with suppress(ConnectionError):
        for channel in channels:
            await channel.begin()
        async with tasks.background() as scope:
            scope.start(_read(near, channels), name="channels")
            forwarded = [scope.start(_forward(channel, pod), name=f"port {channel.port}") for channel in channels]
            await asyncio.wait(forwarded)
    with suppress(ConnectionError):
        await near.close(_NORMAL)


async def _read(near: WebSocket, channels: "Sequence[_Channel]") -> None:
    """Hand out what the client sends until it ends."""
    with suppress(ConnectionError):
        while not isinstance(message := await near.receive(), Close):
            content = _decoded(message)
            if content and content[0] % 2 == 0 and content[0] // 2 < len(channels):
                await channels[content[0] // 2].put(content[1:])
    for channel in channels:
        channel.lose()


def _decoded(message: bytes | str) -> bytes:
    """The channel's number and its bytes; nothing for a message that is none."""
    if isinstance(message, bytes):
        return message
    if not message[:1].isascii() or not message[:1].isdigit():
        return b""
    with suppress(binascii.Error, ValueError):
        return bytes([int(message[0])]) + base64.b64decode(message[1:], validate=True)
    return b""


async def _forward(channel: "_Channel", pod: Pod) -> None:
    try:
        async with pod.dial(channel.port) as far:
            with suppress(ConnectionError):
                await relay(channel, far)
    except (DialFailed, status.ApiError, ConnectionError) as error:
        with suppress(ConnectionError):
            await channel.fail(pod.failure(channel.port, error))
    finally:
        channel.lose()


class _Channel:
    """The data of one port: see ByteStream."""

    def __init__(self, near: WebSocket, number: int, port: int) -> None:
        self.port = port
        self._near = near
        self._number = number
        self._unread: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._lost = False

    async def begin(self) -> None:
        """Send what both channels begin with."""
        for number in (self._number, self._number + 1):
            await self._send(number, self.port.to_bytes(2, "little"))

    async def put(self, data: bytes) -> None:
        """Take what has come, waiting while the pod is behind; nothing once the connection is over."""
        while len(self._unread) >= _WAITING and not self._lost:
            self._room.clear()
            await self._room.wait()
        if data and not self._lost:
            self._unread.append(data)
            self._news.set()

    def lose(self) -> None:
        """It is over: nobody reads it any more, or nothing more will come."""
        self._lost = True
        self._news.set()
        self._room.set()

    async def read(self) -> bytes:
        while not self._unread:
            if self._lost:
                raise ConnectionResetError("the client went away")
            self._news.clear()
            await self._news.wait()
        self._room.set()
        return self._unread.popleft()

    async def write(self, data: bytes) -> None:
        await self._send(self._number, data)

    async def fail(self, text: str) -> None:
        """Say why the connection is over."""
        await self._send(self._number + 1, text.encode())

    async def finish(self) -> None:
        """A channel has no end of its own; both directions are over."""
        self.lose()

    async def _send(self, number: int, data: bytes) -> None:
        if self._near.protocol == _TEXT:
            await self._near.send(f"{number}{base64.b64encode(data).decode()}")
        else:
            await self._near.send(bytes([number]) + data)
