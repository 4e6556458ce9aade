"""pods/portforward: connections of a client's to the ports of a pod.

Three ways in, all with the same connection to the pod: SPDY/3.1 in a WebSocket (kubectl from 1.30 on), plain SPDY/3.1
(before), and v4.channel.k8s.io, a WebSocket whose channels are the ports that `ports` lists (client libraries).
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from podvisor.apiserver.call import Call
from podvisor.apiserver.reach import dialing
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.streams import forwarding, pods, port_channels, spdy_upgrade, subprotocols
from podvisor.apiserver.streams.spdy_upgrade import TUNNEL, Tunnel
from podvisor.base.bytestreams import ByteStream
from podvisor.base.http import Accept, Answer, Upgrade
from podvisor.types import status

PROTOCOL = "portforward.k8s.io"
_NORMAL = 1000
"""Why a WebSocket ends (RFC 6455 7.4.1)."""


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Forward until the client ends it. Raises BadRequest for a request that asks for no upgrade."""
    pod = await pods.pod(server, call, resource)
    node = await pods.node(server, pod)
    target = _target(server, node, pod)
    if call.request.headers.get("Upgrade", "").lower() == "websocket":
        return _websocket(server, call, target)
    if not spdy_upgrade.is_wanted(call.request):
        raise status.BadRequest("Upgrade request required")
    try:
        protocol = spdy_upgrade.negotiate(call.request, [PROTOCOL])
    except spdy_upgrade.NotNegotiated as refusal:
        return refusal.answer
    return spdy_upgrade.upgrade(protocol, lambda wire: forwarding.forward(wire, target, server.clock))


def _target(server: Server, node: Json, pod: Json) -> forwarding.Pod:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]

    @asynccontextmanager
    async def dial(port: int) -> AsyncGenerator[ByteStream]:
        async with dialing.dial(server.nodes, dialing.PodPort(node, namespace, name, port)) as stream:
            yield stream

    return forwarding.Pod(f"{name}_{namespace}", pod["metadata"]["uid"], dial)


def _websocket(server: Server, call: Call, target: forwarding.Pod) -> Answer:
    offered = subprotocols.offered(call.request)
    if TUNNEL + PROTOCOL in offered:

        async def tunnel(accept: Accept) -> None:
            socket = await accept(TUNNEL + PROTOCOL)
            await forwarding.forward(Tunnel(socket), target, server.clock)
            await socket.close(_NORMAL)

        return Answer(101, body=Upgrade(tunnel))
    chosen = port_channels.chosen(offered)
    ports = _ports(call)

    async def channels(accept: Accept) -> None:
        await port_channels.forward(await accept(chosen), ports, target)

    return Answer(101, body=Upgrade(channels))


def _ports(call: Call) -> Sequence[int]:
    """The ports of `ports`, which may be given several times. Raises BadRequest."""
    given = [part for text in call.request.query.getall("ports", []) for part in text.split(",")]
    if not given:
        raise status.BadRequest('query parameter "port" is required')
    if len(given) > port_channels.MAX_PORTS:
        raise status.BadRequest(f"at most {port_channels.MAX_PORTS} ports can be forwarded over one WebSocket")
    for text in given:
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 1 << 16):
            raise status.BadRequest(f'unable to parse "{text}" as a port')
        if int(text) < 1:
            raise status.BadRequest(f'port "{text}" must be > 0')
    return [int(text) for text in given]
