"""portForward: a connection from outside to a port of a pod, over a WebSocket.

The kubelet's channels (`pkg/cri/streaming/portforward`): data, and the error that ends it; each begins with the port
in two bytes. Data's is sent once the pod has answered. v5.channel.k8s.io adds the end of one direction.
"""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from aiohttp import WSCloseCode, WSMsgType, web

from podvisor.base.bytestreams import SocketStream, relay
from podvisor.base.clock import Clock
from podvisor.node.runtime import Runtime
from podvisor.sandbox import errors

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
DIAL_SECONDS = 30.0
"""How long a listener may be too busy to take a connection."""
_DATA, _ERROR, _CLOSE = 0, 1, 255
_LARGEST = 8 << 20


async def forward(request: web.Request, runtime: Runtime, clock: Clock) -> web.StreamResponse:
    """Join the client with a port of the pod, until both are through."""
    port = _port(request.query.getall("port", []))
    near = web.WebSocketResponse(protocols=PROTOCOLS, max_msg_size=_LARGEST)
    await near.prepare(request)
    channel, code = _Channel(near), WSCloseCode.OK
    try:
        await channel.begin(_ERROR, port)
        async with _dialed(runtime, port, request.query.get("address", ""), clock) as far:
            await channel.begin(_DATA, port)
            await relay(channel, far)
    except errors.SandboxError as error:
        with suppress(ConnectionError):
            await near.send_bytes(bytes([_ERROR]) + str(error).encode())
    except ConnectionError:
        code = WSCloseCode.INTERNAL_ERROR
    await near.close(code=code)
    return near


def _port(given: list[str]) -> int:
    if len(given) != 1:
        raise web.HTTPBadRequest(text='query parameter "port" is required, once')
    try:
        port = int(given[0])
    except ValueError:
        raise web.HTTPBadRequest(text=f'unable to parse "{given[0]}" as a port') from None
    if not 0 < port < 1 << 16:
        raise web.HTTPBadRequest(text=f'port "{port}" must be > 0 and < 65536')
    return port


@asynccontextmanager
async def _dialed(runtime: Runtime, port: int, address: str, clock: Clock) -> AsyncGenerator[SocketStream]:
    """A connection to the pod's own localhost, or to one of its addresses. Raises SandboxError."""
    uid, sandbox = runtime.pod.metadata.uid, runtime.box.sandbox
    if sandbox is None:
        raise errors.Refused("NoSuch", f'failed to find sandbox for pod "{uid}": it is not running')
    ours, theirs = socket.socketpair()
    stream = SocketStream(ours)
    try:
        with theirs:
            try:
                async with clock.timeout(DIAL_SECONDS):
                    await sandbox.dial(address or "127.0.0.1", port, theirs.fileno())
            except TimeoutError:
                raise errors.Refused("Host", f"dial tcp {address}:{port}: connect: connection timed out") from None
            except errors.Refused as error:
                raise _in_words(error, uid, port, address) from error
        yield stream
    finally:
        stream.close()


def _in_words(error: errors.Refused, uid: str, port: int, address: str) -> errors.Refused:
    """A refusal as containerd tells it of a pod's localhost, or as Go's net package does of an address."""
    if address:
        return error
    text = str(error).replace("dial tcp ", "dial tcp4 ", 1)
    return errors.Refused(error.kind, f'failed to connect to localhost:{port} inside namespace "{uid}", IPv4: {text}')


class _Channel:
    """The data channel: see ByteStream."""

    def __init__(self, near: web.WebSocketResponse) -> None:
        self._near = near

    async def begin(self, channel: int, port: int) -> None:
        """Send what a channel begins with."""
        await self._near.send_bytes(bytes([channel]) + port.to_bytes(2, "little"))

    async def read(self) -> bytes:
        async for message in self._near:
            if message.type is not WSMsgType.BINARY or not message.data:
                continue
            if message.data[0] == _CLOSE and message.data[1:] == bytes([_DATA]):
                return b""
            if message.data[0] == _DATA and len(message.data) > 1:
                return message.data[1:]
        raise ConnectionResetError("the client went away")

    async def write(self, data: bytes) -> None:
        await self._near.send_bytes(bytes([_DATA]) + data)

    async def finish(self) -> None:
        if self._near.ws_protocol == PROTOCOLS[0]:
            await self._near.send_bytes(bytes([_CLOSE, _DATA]))
        else:
            await self._near.close()
