"""Pulling: from a name to an image that is here, whole.

What is here already is not fetched again; of the rest three layers come at once, each unpacked while it streams.
"""

from __future__ import annotations

import asyncio
import platform as machine
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp

from podvisor.base.clock import Clock, SystemClock
from podvisor.images import config, errors, unpacking
from podvisor.images.content import Content
from podvisor.images.reference import Reference
from podvisor.images.registry import hosts, manifest
from podvisor.images.registry.client import Client, Served
from podvisor.images.registry.credentials import Joined, Keyring, Login
from podvisor.images.registry.hosts import Registries
from podvisor.images.registry.manifest import Descriptor, Manifest, Platform

AT_ONCE = 3
NESTED = 3
"""How many indexes may lead to an image."""
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "riscv64": "riscv64", "ppc64le": "ppc64le"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a layer is."""

    digest: str
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image that is here."""

    name: Reference
    digest: str
    """Of what the name means at the registry: an index where it is one for several platforms."""
    manifest: Served
    """The image's own manifest."""
    parsed: Manifest
    config: config.Config
    login: Login | None = None
    """As whom; None where nobody asked."""

    @property
    def size_bytes(self) -> int:
        """What was transferred for it, or would have been."""
        return self.parsed.config.size + sum(one.size for one in self.parsed.layers)


def _nothing(progress: Progress) -> None:
    """For who does not want to know."""


def here() -> Platform:
    """What runs on this machine."""
    name = machine.machine()
    return Platform("linux", ARCHITECTURES.get(name, name))


@dataclass(frozen=True, slots=True)
class Puller:
    """How images are pulled."""

    content: Content
    registries: Registries = field(default_factory=Registries)
    keyring: Keyring = field(default_factory=Joined)
    platform: Platform = field(default_factory=here)
    clock: Clock = field(default_factory=SystemClock)
    progress: Callable[[Progress], None] = _nothing

    async def pull(self, name: Reference) -> Pulled:
        """Have an image here. Raises ImageError, each beginning with the name."""
        try:
            async with aiohttp.ClientSession(trust_env=True, auto_decompress=False) as session:
                return await self._first(session, name)
        except errors.ImageError as error:
            raise type(error)(f"{name}: {error}") from error

    async def _first(self, session: aiohttp.ClientSession, name: Reference) -> Pulled:
        """From the first endpoint that has it; what the registry itself says counts more than what mirrors say."""
        endpoints = self.registries.endpoints(name.registry, name.repository)
        for endpoint in endpoints[:-1]:
            try:
                return await self._from(self._client(session, endpoint, name), name)
            except (errors.PullFailed, errors.Unacceptable):
                continue
        return await self._from(self._client(session, endpoints[-1], name), name)

    def _client(self, session: aiohttp.ClientSession, endpoint: hosts.Endpoint, name: Reference) -> Client:
        return Client(session, endpoint, self.keyring.logins(name.registry, name.repository), self.clock)

    async def _from(self, client: Client, name: Reference) -> Pulled:
        top = await client.manifest(name.digest or name.tag)
        served, found = await self._image(client, top)
        data = await client.small(found.config)
        described = config.parse(data)
        _check(described, found)
        await self.content.write_blob(found.config.digest, data)
        await self._layers(client, found, described.rootfs.diff_ids)
        await self.content.join(described.rootfs.diff_ids)
        await self.content.write_blob(served.digest, served.data)
        return Pulled(name, top.digest, served, found, described, client.login)

    async def _image(self, client: Client, served: Served) -> tuple[Served, Manifest]:
        """The image for this platform behind a name."""
        for _ in range(NESTED):
            found = manifest.parse(served.data, served.media_type)
            if isinstance(found, Manifest):
                return served, found
            served = await client.manifest(manifest.choose(found, self.platform).digest)
        raise errors.Unacceptable(f"more than {NESTED - 1} indexes lead to it")

    async def _layers(self, client: Client, found: Manifest, diff_ids: Sequence[str]) -> None:
        turn = asyncio.Semaphore(AT_ONCE)
        wanted = dict(zip(diff_ids, found.layers, strict=True))
        tasks = [asyncio.ensure_future(self._layer(client, one, diff_id, turn)) for diff_id, one in wanted.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _layer(self, client: Client, described: Descriptor, diff_id: str, turn: asyncio.Semaphore) -> None:
        async def write(file: int) -> None:
            unpacked = await unpacking.layer(self._seen(client, described), file)
            if unpacked.diff_id != diff_id:
                raise errors.Unacceptable(f"layer {described.digest} unpacks to {unpacked.diff_id}, not to {diff_id}")

        async with turn:
            await self.content.make(self.content.layer(diff_id), write)
            self.progress(Progress(described.digest, described.size, described.size))

    async def _seen(self, client: Client, described: Descriptor) -> AsyncIterator[bytes]:
        """A layer's bytes, with word of how many there were."""
        done = 0
        async for chunk in client.blob(described):
            done += len(chunk)
            self.progress(Progress(described.digest, done, described.size))
            yield chunk


def _check(described: config.Config, found: Manifest) -> None:
    """That a configuration fits its manifest."""
    layers = described.rootfs.diff_ids
    if len(layers) != len(found.layers):
        raise errors.Unacceptable("its configuration names another number of layers than its manifest")
    for one in layers:
        if not manifest.DIGEST.fullmatch(one):
            raise errors.Unacceptable(f"its configuration names a layer by {one!r}")
    if described.os and described.os != "linux":
        raise errors.Unacceptable(f"it is for {described.os}")
