"""Pulling: from a name to an image that is here, whole, by whichever of its registry's endpoints has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from podvisor.base.clock import Clock, SystemClock
from podvisor.images import errors
from podvisor.images.assembling import Assembler, Progress, Pulled, here, nothing
from podvisor.images.content import Content
from podvisor.images.reference import Reference
from podvisor.images.registry import hosts, transport
from podvisor.images.registry.client import Client
from podvisor.images.registry.credentials import Joined, Keyring
from podvisor.images.registry.hosts import Registries
from podvisor.images.registry.manifest import Platform
from podvisor.images.registry.transport import Transport


@dataclass(frozen=True, slots=True)
class Puller:
    """How images are pulled."""

    content: Content
    registries: Registries = field(default_factory=Registries)
    keyring: Keyring = field(default_factory=Joined)
    platform: Platform = field(default_factory=here)
    clock: Clock = field(default_factory=SystemClock)
    progress: Callable[[Progress], None] = nothing

    async def pull(self, name: Reference) -> Pulled:
        """Have an image here. Raises ImageError, each beginning with the name."""
        try:
            async with transport.session() as session:
                return await self._first(Transport(session, self.clock), name)
        except errors.ImageError as error:
            raise type(error)(f"{name}: {error}") from error

    async def _first(self, way: Transport, name: Reference) -> Pulled:
        """From the first endpoint that has it; what the registry itself says counts more than what mirrors say."""
        endpoints = self.registries.endpoints(name.registry, name.repository)
        for endpoint in endpoints[:-1]:
            try:
                return await self._from(self._client(way, endpoint, name), name)
            except (errors.PullFailed, errors.Unacceptable):
                continue
        return await self._from(self._client(way, endpoints[-1], name), name)

    def _client(self, way: Transport, endpoint: hosts.Endpoint, name: Reference) -> Client:
        # A mirror is somebody else: what opens the registry is not for it.
        asked = endpoint.host if endpoint.is_mirror else name.registry
        return Client(way, endpoint, self.keyring.logins(asked, endpoint.repository))

    async def _from(self, client: Client, name: Reference) -> Pulled:
        top = await client.manifest(name.digest or name.tag)
        pulled = await Assembler(self.content, self.platform, self.progress).image(client, name, top)
        return replace(pulled, login=client.login)
