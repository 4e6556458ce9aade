"""The composition of the API server: what answers requests, whoever carries them.

api = Api(settings, store, access, clock)
async with api.running():
    answer = await api.answer(request)
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from podvisor.apiserver import dispatch, first, kinds
from podvisor.apiserver.access import Access, User
from podvisor.apiserver.admission import PLUGINS
from podvisor.apiserver.expiry import Expiry
from podvisor.apiserver.extensions import Definitions
from podvisor.apiserver.extensions.conversion import Converter
from podvisor.apiserver.server import Server
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.streams.node import NodeStreams
from podvisor.apiserver.streams.nowhere import Nowhere
from podvisor.apiserver.tokens import Issuer
from podvisor.apiserver.webhooks.client import WebhookClient
from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.base.http import Answer, Request
from podvisor.store.backend import Backend


class Api:
    """The API over a store."""

    def __init__(
        self,
        settings: Settings,
        store: Backend,
        access: Access,
        clock: Clock,
        *,
        nodes: NodeStreams | None = None,
        issuer: Issuer | None = None,
    ) -> None:
        catalogue, nodes, expiry = kinds.catalogue(), nodes or Nowhere(), Expiry(store, clock)
        webhooks = WebhookClient(nodes)
        storage = Storage(store, expiry, Converter(webhooks, Storage(store), catalogue))
        self._server = Server(settings, catalogue, storage, access, clock, nodes, PLUGINS, issuer, webhooks=webhooks)
        self._definitions = Definitions(catalogue, storage, self._server.watches, clock)
        self.settings = settings
        self.clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Answer while the block runs. What every cluster has from the beginning is created before."""
        await first.create(self._server)
        async with self._server.watches.running(), tasks.background() as scope:
            revision = await self._definitions.load()
            scope.start(self._definitions.follow(revision), name="definitions")
            try:
                yield
            finally:
                await self._server.webhooks.close()

    async def answer(self, request: Request, user: User | None = None) -> Answer:
        """Answer a request, of `user` where the caller knows who asks; otherwise the request must tell.

        Every failure is a Status; only ClientGone is raised.
        """
        return await dispatch.dispatch(self._server, request, user)

    def end_watches(self) -> None:
        """End every watch that runs: the server stops."""
        self._server.watches.close()
