"""pods/log: what a container wrote, passed on chunk by chunk."""

import base64
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, suppress

from multidict import CIMultiDict

from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.streams import pods, subprotocols
from podvisor.base import http, tasks
from podvisor.base.http import Answer, Stream
from podvisor.types import field, status

_OPTIONS = ("follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes")
_TEXT = "text/plain"
_FORMS = ("binary.k8s.io", "base64.binary.k8s.io")
"""The subprotocols of a log: its bytes, or base64 as text."""
_NORMAL = 1000
"""Why a WebSocket ends (RFC 6455 7.4.1)."""


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """The log, as the node sends it; empty for a pod that has no node yet."""
    _check(call)
    pod = await pods.pod(server, call, resource)
    container = pods.container(pod, call.query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        return http.content(b"", _TEXT)
    node = await pods.node(server, pod)
    path = f"/containerLogs/{call.target.namespace}/{call.target.name}/{container}"
    query = {name: call.query[name] for name in _OPTIONS if call.query.get(name)}
    async with AsyncExitStack() as stack:
        answer = await stack.enter_async_context(server.nodes.get(node, path, query))
        if answer.status != 200:
            raise refusal(answer.status, (await answer.read()).decode(errors="replace"))
        if call.request.headers.get("Upgrade", "").lower() == "websocket":
            return _upgrade(call, answer, stack)
        return _relay(answer, stack.pop_all())


def refusal(code: int, text: str) -> status.ApiError:
    """A node's refusal as a Status."""
    error = status.BadRequest(text.strip()) if code < 500 else status.InternalError(text.strip())
    if code == 404:
        error = status.NotFound()
        error.message = text.strip()
    return error


def _relay(answer: Answer, connection: AsyncExitStack) -> Answer:
    """Pass the log on until it ends, and keep the connection to the node as long."""
    headers = CIMultiDict({"Content-Type": _TEXT, "Cache-Control": "no-cache, private"})
    return Answer(200, headers, Stream(_chunks(answer), connection))


async def _chunks(answer: Answer) -> AsyncGenerator[bytes]:
    if isinstance(answer.body, Stream):
        async for chunk in answer.body:
            yield chunk


def _upgrade(call: Call, answer: Answer, stack: AsyncExitStack) -> Answer:
    """The log in the messages of a WebSocket, as browsers can read it (apiserver `wsstream.Reader`).

    The first message is empty and says that the stream has begun. Raises BadRequest for an unknown subprotocol.
    """
    offered = subprotocols.offered(call.request)
    chosen = next((name for name in offered if name in _FORMS), None if offered else "")
    if chosen is None:
        raise status.BadRequest(f"unable to upgrade: no subprotocol of {', '.join(_FORMS)} was offered")
    connection = stack.pop_all()

    async def run(accept: http.Accept) -> None:
        async with connection:
            socket = await accept(chosen)
            with suppress(ConnectionError):
                await tasks.first(_send_all(answer, socket, is_text=chosen in _FORMS[1:]), _closed(socket))
            await socket.close(_NORMAL)

    return Answer(101, body=http.Upgrade(run))


async def _send_all(answer: Answer, socket: http.WebSocket, *, is_text: bool) -> None:
    await socket.send("" if is_text else b"")
    async for chunk in _chunks(answer):
        await socket.send(base64.b64encode(chunk).decode() if is_text else chunk)


async def _closed(socket: http.WebSocket) -> None:
    while not isinstance(await socket.receive(), http.Close):
        continue


def _check(call: Call) -> None:
    errors: list[field.Error] = []
    for name, least in (("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)):
        number = call.number(name)
        if number is not None and number < least:
            errors.append(field.invalid(name, number, f"must be greater than {'or equal to ' if not least else ''}0"))
    if call.query.get("sinceSeconds") and call.query.get("sinceTime"):
        errors.append(field.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    if errors:
        raise status.Invalid(status.Subject("", "PodLogOptions", call.target.name), errors)
