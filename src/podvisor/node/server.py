"""The node's own server: what the API server asks for on behalf of kubectl (`logs`, `exec`, `attach`, `top` and so on).

The paths are the kubelet's. Only a client whose certificate the cluster's authority signed for the group
system:masters is answered; no other client can reach a container this way.
"""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import cast

from aiohttp import web

from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.node import logchoice, logread, portforward, streams
from podvisor.node.logs import log_path
from podvisor.node.runtime import Runtime
from podvisor.node.settings import Settings

Find = Callable[[str, str], Runtime | None]
"""A pod of this node by namespace and name."""
Routes = Callable[[web.Application], None]
PATIENCE = 2.0
LOOK = 2.0
"""Seconds between looks whether a client that gets nothing is still there."""
_Certificate = dict[str, Sequence[Sequence[tuple[str, str]]]]
"""As `SSLSocket.getpeercert` gives it, as far as names go."""


@asynccontextmanager
async def serving(find: Find, figures: Routes, settings: Settings, clock: Clock) -> AsyncGenerator[int]:
    """Serve while the block runs; the value is the port. `figures` adds the paths of what is used."""
    app = web.Application(middlewares=[_trusted_only])
    figures(app)
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", _logs(find, clock))
    app.router.add_get("/exec/{namespace}/{pod}/{container}", _stream(find, streams.execute))
    app.router.add_get("/attach/{namespace}/{pod}/{container}", _stream(find, streams.attach))
    app.router.add_get("/portForward/{namespace}/{pod}", _forward(find, clock))
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=PATIENCE)
    await runner.setup()
    site = web.TCPSite(runner, settings.address, settings.port, ssl_context=_tls(settings))
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.certificate, settings.key)
    context.load_verify_locations(settings.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@web.middleware
async def _trusted_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    shown = cast("_Certificate", request.transport.get_extra_info("peercert") or {}) if request.transport else {}
    subject = [pair for name in shown.get("subject", ()) for pair in name]
    if ("organizationName", "system:masters") not in subject:
        raise web.HTTPForbidden(text="only the API server may ask this")
    try:
        return await handler(request)
    except ConnectionResetError:
        return web.Response()  # the client has gone; nobody reads this


def _runtime(find: Find, request: web.Request) -> Runtime:
    namespace, pod = request.match_info["namespace"], request.match_info["pod"]
    found = find(namespace, pod)
    if found is None:
        raise web.HTTPNotFound(text=f'pod "{pod}" in namespace "{namespace}" is not on this node')
    return found


def _logs(find: Find, clock: Clock) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        runtime, name = _runtime(find, request), request.match_info["container"]
        previous = request.query.get("previous", "") in ("true", "1")
        try:
            ask = logread.wanted(request.query, clock.now())
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        try:
            run = logchoice.run(runtime.pod, name, previous=previous)
        except logchoice.NoLog as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        path = log_path(runtime.box.directory, name, run)
        if not path.exists():
            raise web.HTTPBadRequest(text=f'the log of container "{name}" in pod "{runtime.pod.metadata.name}" is gone')
        live = runtime.live.get(name)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        log = live.log if live is not None and live.log.path == path else None

        async def copy() -> None:
            async with aclosing(logread.read(path, log, ask)) as parts:
                async for part in parts:
                    await response.write(part)
            await response.write_eof()

        with suppress(ConnectionError):
            await tasks.first(copy(), _gone(request, clock))
        return response

    return handle


async def _gone(request: web.Request, clock: Clock) -> None:
    """Return once the client is gone: nothing says so while nothing is written."""
    while request.transport is not None and not request.transport.is_closing():
        await clock.sleep(LOOK)


def _stream(
    find: Find, join: Callable[[web.Request, Runtime, str], Awaitable[web.StreamResponse]]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        runtime, name = _runtime(find, request), request.match_info["container"]
        if name not in runtime.live:
            text = f'unable to upgrade connection: container not found ("{name}")'
            raise web.HTTPInternalServerError(text=text)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise web.HTTPUpgradeRequired(text="streams are spoken over a WebSocket")
        return await join(request, runtime, name)

    return handle


def _forward(find: Find, clock: Clock) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await portforward.forward(request, _runtime(find, request), clock)

    return handle
