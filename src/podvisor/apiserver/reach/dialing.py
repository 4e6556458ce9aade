"""A connection to a port of a pod, through the pod's node.

The node is asked as a kubelet is: `/portForward/<namespace>/<pod>?port=<port>`, a WebSocket with the channels of
v4.channel.k8s.io (kubelet `pkg/cri/streaming/portforward`). v5, which our own nodes prefer, can end one direction.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from podvisor.apiserver.resource import Json
from podvisor.apiserver.streams.node import NodeStreams
from podvisor.base.bytestreams import ByteStream
from podvisor.base.http import Close, WebSocket

DATA, ERROR, CLOSE = 0, 1, 255
_V5, _V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
_NORMAL = 1000
"""Why a WebSocket ends (RFC 6455 7.4.1)."""


class DialFailed(Exception):
    """The pod does not answer at that port; the text is the node's."""


@dataclass(frozen=True, slots=True)
class PodPort:
    """Where a connection is to lead."""

    node: Json
    """The node that the pod is on."""
    namespace: str
    name: str
    port: int
    address: str = ""
    """One of the pod's addresses; empty for its own localhost, where `kubectl port-forward` leads."""
    uid: str = ""
    """The pod's, where connections are kept: another pod may have the name by then."""


@asynccontextmanager
async def dial(nodes: NodeStreams, target: PodPort) -> AsyncGenerator[ByteStream]:
    """A connection for as long as the block runs.

    Raises DialFailed where the pod refuses, and ApiError where its node cannot be asked or refuses.
    """
    query = [("port", str(target.port))]
    if target.address:
        query.append(("address", target.address))
    path = f"/portForward/{target.namespace}/{target.name}"
    async with nodes.connect(target.node, path, query, [_V5, _V4]) as socket:
        await _begun(socket)
        yield _Dialed(socket)
        with suppress(ConnectionError):
            await socket.close(_NORMAL)


async def _begun(socket: WebSocket) -> None:
    """Wait for what each channel begins with, the port in two bytes. On that of errors only an error follows."""
    has_begun: set[int] = set()
    while DATA not in has_begun:
        match await socket.receive():
            case bytes() as message if message:
                if message[0] == ERROR and ERROR in has_begun:
                    raise DialFailed(message[1:].decode(errors="replace"))
                has_begun.add(message[0])
            case Close():
                raise DialFailed("the node ended the connection before it began")
            case _:
                continue


class _Dialed:
    """See ByteStream."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._is_over = False

    async def read(self) -> bytes:
        while not self._is_over:
            match await self._socket.receive():
                case bytes() as message if len(message) > 1 and message[0] == DATA:
                    return message[1:]
                case bytes() as message if len(message) > 1 and message[0] == ERROR:
                    # The kubelet's begins with the port here as well, where it comes after that of the data.
                    if len(message) > 3:
                        raise ConnectionResetError(message[1:].decode(errors="replace"))
                case bytes() as message if message[:2] == bytes([CLOSE, DATA]):
                    self._is_over = True
                case Close(code):
                    self._is_over = True
                    if code != _NORMAL:
                        raise ConnectionResetError("the connection to the pod was lost")
                case _:
                    continue
        return b""

    async def write(self, data: bytes) -> None:
        await self._socket.send(bytes([DATA]) + data)

    async def finish(self) -> None:
        if self._socket.protocol == _V5:
            await self._socket.send(bytes([CLOSE, DATA]))
