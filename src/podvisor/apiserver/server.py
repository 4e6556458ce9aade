"""What every request handler is given."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field

from podvisor.apiserver.access import Access
from podvisor.apiserver.admission.chain import Plugin
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.metrics import Metrics
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.streams.node import NodeStreams
from podvisor.apiserver.tokens import Issuer
from podvisor.apiserver.watching import WatchCaches
from podvisor.apiserver.webhooks.client import WebhookClient
from podvisor.base.clock import Clock


@dataclass(slots=True)
class Server:
    """The parts of a running API server."""

    settings: Settings
    catalogue: Catalogue
    storage: Storage
    access: Access
    clock: Clock
    nodes: NodeStreams
    admission: Sequence[Plugin]
    issuer: Issuer | None = None
    """Makes ServiceAccount tokens; None if there is no signing key."""
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """For resources that are written one at a time, by their plural."""
    metrics: Metrics = field(init=False)
    watches: WatchCaches = field(init=False)
    webhooks: WebhookClient = field(kw_only=True)

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.catalogue)
        self.watches = WatchCaches(self.storage, self.clock)

    def turn(self, resource: Resource) -> AbstractAsyncContextManager[None]:
        """Wait for one's turn to write, where the objects of a resource share a pool."""
        return self.locks[resource.plural] if resource.shares_pool else nullcontext()
