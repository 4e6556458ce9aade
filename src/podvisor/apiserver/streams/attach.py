"""pods/exec and pods/attach: a WebSocket to the client joined with one to the node.

The subprotocols are those of `subprotocols`; nodes speak v5 and v4.channel.k8s.io. Clients that know SPDY/3.1 only have
the streams of `command_streams`.

kubectl takes a refused WebSocket for one that is not spoken here, and shows what its next try, by SPDY, is told.
So that both get the same answer, requests are checked before their protocol, and a node's refusal goes through the
connection, as the Status that ends it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.streams import command_streams, pods, spdy_upgrade, subprotocols
from podvisor.apiserver.streams.subprotocols import PROTOCOLS, Protocol
from podvisor.base.bytestreams import ByteStream
from podvisor.base.http import Accept, Answer, Close, Upgrade, WebSocket
from podvisor.types import status

_FLAGS = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
"""What the API calls a stream, and what the node does."""
_ERROR_CHANNEL = b"\x03"
_NORMAL, _GOING_AWAY, _INVALID = 1000, 1001, 1007
"""Why a WebSocket ends (RFC 6455 7.4.1)."""


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Join the client with the container until either side ends. Raises BadRequest for a request without an upgrade."""
    pod = await pods.pod(server, call, resource)
    container = pods.container(pod, call.query.get("container", ""))
    _check(call, pod)
    node = await pods.node(server, pod)
    path = f"/{call.target.subresource}/{call.target.namespace}/{call.target.name}/{container}"
    if call.request.headers.get("Upgrade", "").lower() == "websocket":
        protocol = _protocol(call)

        async def run(accept: Accept) -> None:
            await _run(server, _Far(node, path, _query(call)), protocol, lambda: accept(protocol.name))

        return Answer(101, body=Upgrade(run))
    if not spdy_upgrade.is_wanted(call.request):
        raise status.BadRequest("Upgrade request required")
    try:
        name = spdy_upgrade.negotiate(call.request, list(command_streams.PROTOCOLS))
    except spdy_upgrade.NotNegotiated as refusal:
        return refusal.answer

    async def speak(wire: ByteStream) -> None:
        async with command_streams.opened(wire, _streams(call, name), server.clock) as near:

            async def accept() -> WebSocket:
                return near

            await _run(server, _Far(node, path, _query(call)), command_streams.PROTOCOLS[name], accept)

    return spdy_upgrade.upgrade(name, speak)


@dataclass(frozen=True, slots=True)
class _Far:
    """The node's end."""

    node: Json
    path: str
    query: Sequence[tuple[str, str]]


async def _run(server: Server, far: _Far, protocol: Protocol, accept: Callable[[], Awaitable[WebSocket]]) -> None:
    """Join the client, which is accepted once the node has answered."""
    async with AsyncExitStack() as stack:
        try:
            joined = await stack.enter_async_context(
                server.nodes.connect(far.node, far.path, far.query, [protocol.node])
            )
        except status.ApiError as refusal:
            await _refuse(await accept(), protocol, refusal)
        else:
            await _join(await accept(), joined, protocol)


async def _refuse(near: WebSocket, protocol: Protocol, refusal: status.ApiError) -> None:
    if message := protocol.to_client(_ERROR_CHANNEL + orjson.dumps(refusal.to_json())):
        await near.send(message)
    await near.close(_NORMAL)


def _streams(call: Call, protocol: str) -> Sequence[str]:
    """The streams that a client of SPDY opens for its request."""
    wanted = ["error", *(name for name in ("stdin", "stdout", "stderr") if name in call.query and call.flag(name))]
    if protocol in command_streams.SIZED and "tty" in call.query and call.flag("tty"):
        wanted.append("resize")
    return wanted


def _check(call: Call, pod: Json) -> None:
    if call.target.subresource == "exec" and not call.query.get("command"):
        raise status.BadRequest("you must specify a command for the container")
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        phase = pod["status"]["phase"]
        raise status.BadRequest(f"cannot exec into a container in a completed pod; current phase is {phase}")


def _protocol(call: Call) -> Protocol:
    """What the client speaks and we know. Raises BadRequest if that is nothing."""
    if (chosen := subprotocols.chosen(subprotocols.offered(call.request))) is None:
        known = ", ".join(one.name for one in PROTOCOLS)
        raise status.BadRequest(f"unable to upgrade: no subprotocol of {known} was offered")
    return chosen


def _query(call: Call) -> Sequence[tuple[str, str]]:
    found = [("command", part) for part in call.request.query.getall("command", ())]
    return found + [(theirs, "1") for ours, theirs in _FLAGS.items() if ours in call.query and call.flag(ours)]


async def _join(near: WebSocket, far: WebSocket, protocol: Protocol) -> None:
    """Pass messages both ways until one side ends; then the other is told so, with the same code.

    A side is closed only when nobody reads from it any more: closing then reads on until the peer has answered, and
    nothing that is still on its way is lost.
    """
    passing = {
        asyncio.ensure_future(_pass(near, far, protocol.to_node)): far,
        asyncio.ensure_future(_pass(far, near, protocol.to_client)): near,
    }
    try:
        done, _ = await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in passing:
            one.cancel()
        await asyncio.wait(passing)
    for one in done:
        if not passing[one].closed:
            await passing[one].close(one.result())


async def _pass(source: WebSocket, sink: WebSocket, translate: Callable[[Any], bytes | str | None]) -> int:
    """Pass on what one side sends until it ends; the code that it ended with."""
    with suppress(ConnectionError):
        while not sink.closed:
            message = await source.receive()
            if isinstance(message, Close):
                return message.code
            try:
                translated = translate(message)
            except ValueError:
                return _INVALID
            if translated is not None:
                await sink.send(translated)
    return _GOING_AWAY
