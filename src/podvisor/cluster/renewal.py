"""Certificates are made anew while the server runs, and used from then on: a server may run for years."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from podvisor.base.clock import Clock
from podvisor.cluster.pki import Pki

EVERY = 12 * 3600.0
"""Seconds between looks at how long the certificates still hold; they are renewed weeks before their end."""


@dataclass(frozen=True, slots=True)
class Contexts:
    """The TLS contexts that show certificates: connections which are made later show the new ones."""

    server: ssl.SSLContext
    """Of the API server."""
    nodes: ssl.SSLContext
    """With which it asks nodes."""

    def load(self, identities: Pki) -> None:
        """Show what lies in the files now."""
        self.server.load_cert_chain(identities.server_certificate, identities.server_key)
        self.nodes.load_cert_chain(identities.path / "apiserver-client.crt", identities.path / "apiserver-client.key")


async def run(identities: Pki, ensure: Callable[[], Pki], use: Callable[[Pki], None], clock: Clock) -> None:
    """Look again and again whether the identities have to be renewed, and have what was renewed used; never ends.

    `ensure` gives them as they are to be: the same, or new ones.
    """
    known = identities.clients
    while True:
        await clock.sleep(EVERY)
        found = ensure()
        if found.clients != known:
            use(found)
            known = found.clients
