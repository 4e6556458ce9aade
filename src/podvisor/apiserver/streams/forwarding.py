"""Connections that a client forwards over SPDY, each of a data stream and an error stream (portforward.k8s.io).

Decides which streams belong together and what the client is told of a failure, in the kubelet's words
(kubelet `pkg/cri/streaming/portforward`). How the pod is reached is the caller's matter.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from podvisor.apiserver.reach.dialing import DialFailed
from podvisor.apiserver.spdy.connection import Connection, Rejected, Stream
from podvisor.base import tasks
from podvisor.base.bytestreams import ByteStream, relay
from podvisor.base.clock import Clock
from podvisor.types import status

PAIR_SECONDS = 30.0
"""How long one stream of a connection may be there without the other (the kubelet's DefaultStreamCreationTimeout)."""
MAX_HALVES = 256
"""Connections with one stream only."""
Dial: TypeAlias = Callable[[int], AbstractAsyncContextManager[ByteStream]]
"""A connection to a port of the pod. Raises DialFailed and ApiError."""


@dataclass(slots=True)
class _Pair:
    """A connection, as far as its streams are here."""

    number: str
    streams: dict[str, Stream] = field(default_factory=dict[str, Stream])
    is_complete: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Pod:
    """What is forwarded to."""

    name: str
    """NAME_NAMESPACE, as the kubelet calls a pod."""
    uid: str
    dial: Dial

    def failure(self, port: int, error: Exception) -> str:
        """What the client is told of a connection that failed."""
        return f"error forwarding port {port} to pod {self.name}, uid {self.uid}: {error}"


async def forward(wire: ByteStream, pod: Pod, clock: Clock) -> None:
    """Serve a client until it goes away; its connections end with it."""
    with suppress(ConnectionError):
        async with tasks.background() as scope:
            await Connection(wire, _Forwarding(pod, clock, scope).opened).serve()


class _Forwarding:
    def __init__(self, pod: Pod, clock: Clock, scope: tasks.Scope) -> None:
        self._pod = pod
        self._clock = clock
        self._scope = scope
        self._halves: dict[str, _Pair] = {}

    def opened(self, stream: Stream) -> None:
        """For the connection: pair a stream with its other."""
        kind, number = _kind(stream), _number(stream)
        pair = self._halves.get(number)
        if pair is None:
            if len(self._halves) >= MAX_HALVES:
                raise Rejected("too many streams without their other")
            pair = self._halves[number] = _Pair(number)
            self._scope.start(self._serve(pair), name=f"port-forward {number}")
        if kind in pair.streams:
            raise Rejected(f"error processing stream for request {number}: {kind} stream already assigned")
        pair.streams[kind] = stream
        if len(pair.streams) == 2:
            del self._halves[number]
            pair.is_complete.set()

    async def _serve(self, pair: _Pair) -> None:
        """One connection from its first stream to its end."""
        try:
            async with self._clock.timeout(PAIR_SECONDS):
                await pair.is_complete.wait()
            failure = await self._forward(pair.streams["data"])
        except TimeoutError:
            self._halves.pop(pair.number, None)
            failure = f"(request={pair.number}) timed out waiting for streams"
        await _end(pair, failure)

    async def _forward(self, near: Stream) -> str:
        """Join a connection with the pod until both are through; why it could not be."""
        port = _port(near)
        try:
            async with self._pod.dial(port) as far:
                with suppress(ConnectionError):
                    await relay(near, far)
        except (DialFailed, status.ApiError, ConnectionError) as error:
            return self._pod.failure(port, error)
        return ""


async def _end(pair: _Pair, failure: str) -> None:
    """Tell the client that a connection is over, and why if it failed."""
    with suppress(ConnectionError):
        if (told := pair.streams.get("error")) is not None:
            await told.write(failure.encode())
            await told.finish()
    with suppress(ConnectionError):
        if not failure:
            await pair.streams["data"].finish()
    for stream in pair.streams.values():
        with suppress(ConnectionError):
            await stream.reset()


def _kind(stream: Stream) -> str:
    """`data` or `error`. Raises Rejected, also for a stream without a port."""
    _port(stream)
    if (kind := stream.headers.get("streamtype", "")) not in ("data", "error"):
        raise Rejected(f'invalid stream type "{kind}"')
    return kind


def _port(stream: Stream) -> int:
    text = stream.headers.get("port", "")
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 5 and 0 < int(text) < 1 << 16):
        raise Rejected(f'unable to parse "{text}" as a port')
    return int(text)


def _number(stream: Stream) -> str:
    """What both streams of a connection have in common: what the client says, or which came first."""
    if given := stream.headers.get("requestid", ""):
        return given
    return f"#{stream.number - 2 * (stream.headers['streamtype'] == 'data')}"
