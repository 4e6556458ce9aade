"""What every request handler is given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from podvisor.apiserver.access import Access
from podvisor.apiserver.admission.chain import Plugin
from podvisor.apiserver.registry import Registry
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.streams.node import NodeStreams
from podvisor.apiserver.tokens import Issuer
from podvisor.base.clock import Clock
from podvisor.store.backend import Watch


@dataclass(slots=True)
class Server:
    """The parts of a running API server."""

    settings: Settings
    registry: Registry
    storage: Storage
    access: Access
    clock: Clock
    nodes: NodeStreams
    admission: Sequence[Plugin]
    issuer: Issuer | None = None
    """Makes ServiceAccount tokens; None if there is no signing key."""
    watches: set[Watch] = field(default_factory=set[Watch])
    """Those that run now; they are closed when the server stops."""
