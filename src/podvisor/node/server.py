"""The node's own server: what the API server asks for on behalf of `kubectl logs`, `exec` and `attach`.

The paths are the kubelet's. Only a client whose certificate the cluster's authority signed for the group
system:masters is answered; no other client can reach a container this way.
"""

import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from podvisor.base.clock import Clock
from podvisor.node import logread, streams
from podvisor.node.settings import Settings
from podvisor.node.worker import Worker

Find = Callable[[str, str], Worker | None]
PATIENCE = 2.0


@asynccontextmanager
async def serving(find: Find, settings: Settings, clock: Clock) -> AsyncGenerator[int]:
    """Serve while the block runs; the value is the port."""
    app = web.Application(middlewares=[_trusted_only])
    app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", _logs(find, clock))
    app.router.add_get("/exec/{namespace}/{pod}/{container}", _stream(find, streams.execute))
    app.router.add_get("/attach/{namespace}/{pod}/{container}", _stream(find, streams.attach))
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
    shown = request.transport.get_extra_info("peercert") if request.transport else None
    subject = [pair for name in (shown or {}).get("subject", ()) for pair in name]
    if ("organizationName", "system:masters") not in subject:
        raise web.HTTPForbidden(text="only the API server may ask this")
    return await handler(request)


def _worker(find: Find, request: web.Request) -> Worker:
    namespace, pod = request.match_info["namespace"], request.match_info["pod"]
    worker = find(namespace, pod)
    if worker is None:
        raise web.HTTPNotFound(text=f'pod "{pod}" in namespace "{namespace}" is not on this node')
    return worker


def _logs(find: Find, clock: Clock) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        worker, name = _worker(find, request), request.match_info["container"]
        previous = request.query.get("previous", "") in ("true", "1")
        ask = logread.wanted(request.query, clock.now())
        runs = list(logread.runs(worker.log_path(name, 0).parent))
        if previous:
            runs = runs[:-1]
        if not runs:
            raise web.HTTPBadRequest(text=_nothing(worker, name, previous=previous))
        live = None if previous or name not in worker.live else worker.live[name].log
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        async for part in logread.read(worker.log_path(name, runs[-1]), live, ask):
            await response.write(part)
        await response.write_eof()
        return response

    return handle


def _nothing(worker: Worker, name: str, *, previous: bool) -> str:
    pod = worker.pod["metadata"]["name"]
    if previous:
        return f'previous terminated container "{name}" in pod "{pod}" not found'
    return f'container "{name}" in pod "{pod}" is waiting to start: ContainerCreating'


def _stream(
    find: Find, join: Callable[[web.Request, Worker, str], Awaitable[web.StreamResponse]]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        worker, name = _worker(find, request), request.match_info["container"]
        if worker.sandbox is None or name not in worker.live:
            raise web.HTTPBadRequest(text=f'container not found ("{name}")')
        return await join(request, worker, name)

    return handle
