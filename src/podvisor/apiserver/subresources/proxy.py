"""pods/proxy, services/proxy and nodes/proxy: requests that are passed on.

https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/#manually-constructing-apiserver-proxy-urls
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from yarl import URL

from podvisor.apiserver import objects
from podvisor.apiserver.call import Call
from podvisor.apiserver.proxying import headers, links, upgrades
from podvisor.apiserver.reach import backends, dialing, http_client
from podvisor.apiserver.reach.dialing import DialFailed, PodPort
from podvisor.apiserver.reach.sockets import Sockets
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.bytestreams import ByteStream
from podvisor.base.http import Answer, Outgoing, Request, Stream, content
from podvisor.types import status

_LARGEST_PAGE = 4 << 20
"""Bytes of a page whose links are changed; a larger one is passed as it is."""


@dataclass(frozen=True, slots=True)
class Named:
    """`[SCHEME:]NAME[:PORT]`, as what is asked is named in the path."""

    scheme: str
    name: str
    port: str


async def pods(server: Server, call: Call, resource: Resource) -> Answer:
    """Pass a request on to a pod: to the port that is named, or else the first that it declares."""
    named = _named(call.target.name, "pod")
    item = await backends.pod(server, call.target.namespace, named.name)
    target = await backends.port_of_pod(server, item, _port(named, item))
    return await _passed_on(server, call, target, secure=named.scheme == "https")


async def services(server: Server, call: Call, resource: Resource) -> Answer:
    """Pass a request on to a ready pod of a Service, by the name or the number of its port."""
    named = _named(call.target.name, "service")
    target = await backends.pod_of_service(server, call.target.namespace, named.name, named.port)
    return await _passed_on(server, call, target, secure=named.scheme == "https")


async def nodes(server: Server, call: Call, resource: Resource) -> Answer:
    """Pass a request on to a node's own server. Its other ports are those of the machine, which nobody gets."""
    named = _named(call.target.name, "node")
    node = objects.decode(resource, await server.storage.get(resource, "", named.name))
    own = objects.dig(node, "status", "daemonEndpoints", "kubeletEndpoint", "Port")
    if named.port not in ("", str(own)):
        raise status.BadRequest("address not allowed")
    if _wants_upgrade(call.request):
        raise status.BadRequest("a node's server is not asked for another protocol through a proxy")
    if (redirect := _to_root(call)) is not None:
        return redirect
    request = _outgoing(call, "")
    answer = await server.nodes.forward(node, request)
    return Answer(answer.status, headers.of_answer(answer.headers), answer.body)


def _named(text: str, what: str) -> Named:
    """Raises BadRequest."""
    parts = text.split(":")
    scheme, name, port = {1: ["", *parts, ""], 2: ["", *parts], 3: parts}.get(len(parts), ["", "", ""])
    if not name or scheme not in ("", "http", "https"):
        raise status.BadRequest(f'invalid {what} request "{text}"')
    return Named(scheme, name, port)


def _port(named: Named, item: Json) -> int:
    """Raises BadRequest for what is no number of a port."""
    if named.port:
        if not (named.port.isascii() and named.port.isdigit() and 0 < int(named.port[:6]) < 1 << 16):
            raise status.BadRequest(f'invalid pod request "{named.name}:{named.port}"')
        return int(named.port)
    declared = (port["containerPort"] for one in item["spec"]["containers"] for port in one.get("ports", ()))
    return next(declared, 443 if named.scheme == "https" else 80)


async def _passed_on(server: Server, call: Call, target: PodPort, *, secure: bool) -> Answer:
    @asynccontextmanager
    async def dial() -> AsyncGenerator[ByteStream]:
        async with dialing.dial(server.nodes, target) as stream:
            yield stream

    host = f"[{target.address}]" if ":" in target.address else target.address
    request = _outgoing(call, f"{'https' if secure else 'http'}://{host}:{target.port}")
    if _wants_upgrade(call.request):
        return await _upgraded(server, call, request, dial, secure=secure)
    if (redirect := _to_root(call)) is not None:
        return redirect
    answer = await http_client.pass_on(request, dial, _unverified())
    shown = links.Links(_prefix(call), f"{host}:{target.port}", call.request.headers.get("Host", ""))
    answer = Answer(answer.status, headers.of_answer(answer.headers), answer.body)
    return answer if request.method == "HEAD" else await _with_links(answer, shown)


def _outgoing(call: Call, authority: str) -> Outgoing:
    """The request as it is sent on: its path below the proxy's and its query as they are."""
    given = call.request
    path = URL.build(path=_path(call) or "/").raw_path
    url = f"{authority}{path}" + (f"?{given.raw_query}" if given.raw_query else "")
    uri = URL.build(path=given.path).raw_path
    sent = headers.of_request(given.headers, given.peer.address, uri)
    has_body = "Content-Length" in given.headers or "Transfer-Encoding" in given.headers
    return Outgoing(given.method, url, sent, given.chunks() if has_body else None)


def _path(call: Call) -> str:
    """The path below the proxy's; empty if there is not even a slash."""
    rest = f"/{call.target.rest}" if call.target.rest else ""
    return rest + "/" if call.request.path.endswith("/") and not rest.endswith("/") else rest


def _prefix(call: Call) -> str:
    return call.request.path.removesuffix(_path(call))


def _to_root(call: Call) -> Answer | None:
    """Relative links of a page need the slash at the end of its path."""
    if _path(call) or call.request.method not in ("GET", "HEAD"):
        return None
    answer = content(b"", "text/plain", 301)
    query = f"?{call.request.raw_query}" if call.request.raw_query else ""
    answer.headers["Location"] = f"{URL.build(path=call.request.path).raw_path}/{query}"
    return answer


async def _with_links(answer: Answer, shown: links.Links) -> Answer:
    """An answer whose links lead through the proxy: where it redirects to, and those of a page."""
    if location := answer.headers.get("Location"):
        answer.headers["Location"] = shown.through_proxy(location)
        return answer
    is_page = answer.headers.get("Content-Type", "").split(";")[0].strip() == "text/html"
    size = answer.headers.get("Content-Length", "")
    if not is_page or "Content-Encoding" in answer.headers or not size.isdecimal() or int(size) > _LARGEST_PAGE:
        return answer
    page = shown.page(await answer.read())
    if isinstance(answer.body, Stream):
        await answer.body.aclose()
    del answer.headers["Content-Length"]
    return Answer(answer.status, answer.headers, page)


def _wants_upgrade(request: Request) -> bool:
    return any("upgrade" in value.lower() for value in request.headers.getall("Connection", ()))


async def _upgraded(server: Server, call: Call, request: Outgoing, dial: http_client.Dial, *, secure: bool) -> Answer:
    async with AsyncExitStack() as stack:
        sockets = await stack.enter_async_context(Sockets())
        try:
            connected = await sockets.connect(dial())
            tls, name = (_unverified(), "") if secure else (None, None)
            reader, writer = await asyncio.open_connection(
                sock=connected, ssl=tls, server_hostname=name, limit=upgrades.HEAD_BYTES
            )
        except (DialFailed, OSError, ssl.SSLError) as error:
            raise status.InternalError(f"error dialing backend: {error}") from error
        backend = upgrades.Connection(reader, writer)
        stack.push_async_callback(backend.close)
        sent = headers.of_upgrade(call.request.headers, request.headers)
        sent.pop("Content-Length", None)  # Of a body that is not sent.
        url = URL(request.url, encoded=True)
        head = [f"{request.method} {url.raw_path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        return await upgrades.pass_on(
            backend, "\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape"), server.clock, stack.pop_all()
        )


def _unverified() -> ssl.SSLContext:
    """For pods, whose certificates nobody vouches for (upstream's proxy transport does not look at them either)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
