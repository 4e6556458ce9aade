"""pods/exec and pods/attach: a WebSocket to the client joined with one to the node.

The subprotocols are v5 and v4.channel.k8s.io (apimachinery `pkg/util/remotecommand`). The two ends agree on one, so
frames pass through unread. The old SPDY upgrade is answered with an error.

kubectl takes a refused WebSocket for one that is not spoken here, and shows what its next try, by SPDY, is told.
So that both get the same answer, requests are checked before their protocol, and a node's refusal goes through the
WebSocket, as the Status that ends the stream.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import aiohttp
import orjson
from aiohttp import ClientWebSocketResponse, WSMsgType, web

from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.streams import pods
from podvisor.types import status

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_FLAGS = {"stdin": "input", "stdout": "output", "stderr": "error", "tty": "tty"}
"""What the API calls a stream, and what the node does."""
_Socket = web.WebSocketResponse | ClientWebSocketResponse
_LARGEST = 8 * 1024 * 1024
_ERROR_CHANNEL = b"\x03"


async def handle(server: Server, call: Call, resource: Resource) -> web.StreamResponse:
    """Join the client with the container until either side ends. Raises BadRequest for anything but a WebSocket."""
    pod = await pods.pod(server, call, resource)
    container = pods.container(pod, call.query.get("container", ""))
    _check(call, pod)
    node = await pods.node(server, pod)
    protocols = _protocols(call)
    path = f"/{call.target.subresource}/{call.target.namespace}/{call.target.name}/{container}"
    async with AsyncExitStack() as stack:
        try:
            far = await stack.enter_async_context(server.nodes.connect(node, path, _query(call), protocols))
        except status.ApiError as refusal:
            return await _refuse(call, protocols[0], refusal)
        near = web.WebSocketResponse(protocols=[far.protocol or ""], max_msg_size=_LARGEST)
        await near.prepare(call.request)
        await _join(near, far)
        return near


async def _refuse(call: Call, protocol: str, refusal: status.ApiError) -> web.WebSocketResponse:
    near = web.WebSocketResponse(protocols=[protocol])
    await near.prepare(call.request)
    await near.send_bytes(_ERROR_CHANNEL + orjson.dumps(refusal.to_json()))
    await near.close()
    return near


def _check(call: Call, pod: Json) -> None:
    if call.target.subresource == "exec" and not call.query.get("command"):
        raise status.BadRequest("you must specify a command for the container")
    if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
        phase = pod["status"]["phase"]
        raise status.BadRequest(f"cannot exec into a container in a completed pod; current phase is {phase}")


def _protocols(call: Call) -> Sequence[str]:
    """What the client speaks and we know. Raises BadRequest if that is nothing."""
    if call.request.headers.get("Upgrade", "").lower() != "websocket":
        raise status.BadRequest("you must ask for a WebSocket: SPDY streams are not spoken here")
    offered = [one.strip() for one in call.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    known = [one for one in offered if one in PROTOCOLS]
    if not known:
        raise status.BadRequest(f"unable to upgrade: no subprotocol of {', '.join(PROTOCOLS)} was offered")
    return known


def _query(call: Call) -> Sequence[tuple[str, str]]:
    found = [("command", part) for part in call.request.query.getall("command", ())]
    return found + [(theirs, "1") for ours, theirs in _FLAGS.items() if ours in call.query and call.flag(ours)]


async def _join(near: web.WebSocketResponse, far: ClientWebSocketResponse) -> None:
    """Pass messages both ways until one side ends; then the other is told so, with the same code.

    A side is closed only when nobody reads from it any more: aiohttp then reads on until the peer has answered, and
    nothing that is still on its way is lost.
    """
    passing = {asyncio.ensure_future(_pass(near, far)): far, asyncio.ensure_future(_pass(far, near)): near}
    try:
        done, _ = await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in passing:
            one.cancel()
        await asyncio.wait(passing)
    for one in done:
        if not passing[one].closed:
            await passing[one].close(code=one.result())


async def _pass(source: _Socket, sink: _Socket) -> int:
    """Pass on what one side sends until it ends; the code that it ended with."""
    with suppress(ConnectionResetError, aiohttp.ClientError):
        while not sink.closed:
            message = await source.receive()
            match message.type:
                case WSMsgType.BINARY:
                    await sink.send_bytes(message.data)
                case WSMsgType.TEXT:
                    await sink.send_str(message.data)
                case WSMsgType.CLOSE:
                    return int(message.data or aiohttp.WSCloseCode.OK)
                case _:
                    break
    return aiohttp.WSCloseCode.GOING_AWAY
