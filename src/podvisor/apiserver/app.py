"""The composition of the API server: the one entry for `cluster`.

server = app(settings, store, access, clock)      an aiohttp Application, to be served over TLS with the
                                                  cluster's CA for client certificates, verify mode CERT_OPTIONAL
"""

from collections.abc import AsyncGenerator, Awaitable, Callable

from aiohttp import web

from podvisor.apiserver import dispatch, first, kinds
from podvisor.apiserver.access import Access
from podvisor.apiserver.admission import PLUGINS
from podvisor.apiserver.expiry import Expiry
from podvisor.apiserver.server import Server
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.streams.node import NodeStreams
from podvisor.apiserver.streams.nowhere import Nowhere
from podvisor.apiserver.tokens import Issuer
from podvisor.base.clock import Clock
from podvisor.store.backend import Backend


def app(
    settings: Settings,
    store: Backend,
    access: Access,
    clock: Clock,
    *,
    nodes: NodeStreams | None = None,
    issuer: Issuer | None = None,
) -> web.Application:
    """The API over `store`. When it starts it creates the namespaces that every cluster has."""
    storage = Storage(store, Expiry(store, clock))
    server = Server(settings, kinds.registry(), storage, access, clock, nodes or Nowhere(), PLUGINS, issuer)
    application = web.Application(client_max_size=settings.max_body)
    application.router.add_route("*", "/{path:.*}", _handler(server), expect_handler=_expect)
    application.cleanup_ctx.append(_running(server))
    application.on_shutdown.append(_end_watches(server))
    return application


def _handler(server: Server) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await dispatch.dispatch(server, request)

    return handle


async def _expect(request: web.Request) -> None:
    """Have the client go on with its body. Raises HTTPExpectationFailed for any other expectation (RFC 9110 10.1.1)."""
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="only 100-continue can be expected here")
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _running(server: Server) -> Callable[[web.Application], AsyncGenerator[None]]:
    async def run(_: web.Application) -> AsyncGenerator[None]:
        await first.create(server)
        yield

    return run


def _end_watches(server: Server) -> Callable[[web.Application], Awaitable[None]]:
    async def end(_: web.Application) -> None:
        for watch in tuple(server.watches):
            watch.close()

    return end
