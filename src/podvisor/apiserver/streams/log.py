"""pods/log: what a container wrote, passed on chunk by chunk."""

from contextlib import suppress

from aiohttp import ClientResponse, web

from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.streams import pods
from podvisor.base import tasks
from podvisor.types import field, status

LOOK = 2.0
"""Seconds between looks whether a client that gets nothing is still there."""
_OPTIONS = ("follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes")


async def handle(server: Server, call: Call, resource: Resource) -> web.StreamResponse:
    """The log, as the node sends it; empty for a pod that has no node yet."""
    _check(call)
    pod = await pods.pod(server, call, resource)
    container = pods.container(pod, call.query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        return web.Response(content_type="text/plain")
    node = await pods.node(server, pod)
    path = f"/containerLogs/{call.target.namespace}/{call.target.name}/{container}"
    query = {name: call.query[name] for name in _OPTIONS if call.query.get(name)}
    async with server.nodes.get(node, path, query) as answer:
        if answer.status != 200:
            raise refusal(answer.status, await answer.text())
        return await _relay(server, call, answer)


def refusal(code: int, text: str) -> status.ApiError:
    """A node's refusal as a Status."""
    error = status.BadRequest(text.strip()) if code < 500 else status.InternalError(text.strip())
    if code == 404:
        error = status.NotFound()
        error.message = text.strip()
    return error


async def _relay(server: Server, call: Call, answer: ClientResponse) -> web.StreamResponse:
    """Pass the log on until it ends or the client goes, who says so only by being gone."""
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"})
    await response.prepare(call.request)

    async def copy() -> None:
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()

    with suppress(ConnectionError):
        await tasks.first(copy(), _gone(server, call.request))
    return response


async def _gone(server: Server, request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():
        await server.clock.sleep(LOOK)


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
