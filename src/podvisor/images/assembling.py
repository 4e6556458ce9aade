"""From a manifest and blobs to an image that is here, whole, wherever they come from: a registry or an archive.

What is here already is not read again; of the rest three layers come at once, each unpacked while it streams.
"""

from __future__ import annotations

import asyncio
import hashlib
import platform as machine
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podvisor.images import config, errors, unpacking
from podvisor.images.content import Content
from podvisor.images.reference import Reference
from podvisor.images.registry import manifest
from podvisor.images.registry.credentials import Login
from podvisor.images.registry.manifest import Descriptor, Manifest, Platform, Served
from podvisor.images.streams import closing

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
    """Of what the name means where it comes from: an index where it is one for several platforms."""
    manifest: Served
    """The image's own manifest."""
    parsed: Manifest
    config: config.Config
    login: Login | None = None
    """As whom; None where nobody asked."""
    is_local: bool = False
    """True where no registry has been asked for it."""

    @property
    def size_bytes(self) -> int:
        """What was transferred for it, or would have been."""
        return self.parsed.config.size + sum(one.size for one in self.parsed.layers)


class Origin(Protocol):
    """Where manifests and blobs come from; all that it gives is checked against its digest."""

    async def manifest(self, name: str) -> Served:
        """What a tag or digest names."""
        ...

    async def small(self, described: Descriptor) -> bytes:
        """A whole blob of at most `manifest.LARGEST` bytes."""
        ...

    def blob(self, described: Descriptor) -> AsyncIterator[bytes]:
        """A blob's bytes, in order; the last of them may be wrong, and then Unacceptable is raised after it."""
        ...


def nothing(progress: Progress) -> None:
    """For who does not want to know."""


def here() -> Platform:
    """What runs on this machine."""
    name = machine.machine()
    return Platform("linux", ARCHITECTURES.get(name, name))


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that is to be unpacked: what it should be, and its bytes, compressed or not."""

    described: Descriptor
    diff_id: str
    data: Callable[[], AsyncIterable[bytes]]


@dataclass(frozen=True, slots=True)
class Assembler:
    """How images are put together."""

    content: Content
    platform: Platform = field(default_factory=here)
    progress: Callable[[Progress], None] = nothing

    async def image(self, origin: Origin, name: Reference, top: Served) -> Pulled:
        """Have the image here that `top` is, or that it has for this platform. Raises ImageError."""
        served, found = await self._chosen(origin, top)
        data = self._kept(found.config) or await origin.small(found.config)
        described = config.parse(data)
        check(described, found)

        def layer(one: Descriptor, diff_id: str) -> Layer:
            return Layer(one, diff_id, lambda: origin.blob(one))

        await self.content.write_blob(found.config.digest, data)
        await self.stack([layer(*pair) for pair in zip(found.layers, described.rootfs.diff_ids, strict=True)])
        await self.content.write_blob(served.digest, served.data)
        return Pulled(name, top.digest, served, found, described)

    async def _chosen(self, origin: Origin, served: Served) -> tuple[Served, Manifest]:
        """The image for this platform."""
        for _ in range(NESTED):
            found = manifest.parse(served.data, served.media_type)
            if isinstance(found, Manifest):
                return served, found
            chosen = manifest.choose(found, self.platform)
            kept = self._kept(chosen)
            served = Served(kept, chosen.digest, chosen.media_type) if kept else await origin.manifest(chosen.digest)
        raise errors.Unacceptable(f"more than {NESTED - 1} indexes lead to it")

    def _kept(self, described: Descriptor) -> bytes | None:
        """What is here already of a manifest or a configuration: it is not asked for again."""
        return self.content.read_blob(described.digest)

    async def stack(self, layers: Sequence[Layer]) -> None:
        """Have these layers here, lowest first, and the tree that they are together. Raises ImageError."""
        turn = asyncio.Semaphore(AT_ONCE)
        wanted = {one.diff_id: one for one in layers}
        tasks = [asyncio.ensure_future(self._layer(one, turn)) for one in wanted.values()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self.content.join([one.diff_id for one in layers])

    async def _layer(self, wanted: Layer, turn: asyncio.Semaphore) -> None:
        described = wanted.described

        async def write(file: int) -> None:
            unpacked = await unpacking.layer(self.seen(wanted.data(), described), file)
            if unpacked.diff_id != wanted.diff_id:
                raise errors.Unacceptable(
                    f"layer {described.digest} unpacks to {unpacked.diff_id}, not to {wanted.diff_id}"
                )

        async with turn:
            await self.content.make(self.content.layer(wanted.diff_id), write)
            self.progress(Progress(described.digest, described.size, described.size))

    async def seen(self, data: AsyncIterable[bytes], described: Descriptor) -> AsyncIterator[bytes]:
        """A layer's bytes, with word of how many there were."""
        done = 0
        async with closing(data):
            async for chunk in data:
                done += len(chunk)
                self.progress(Progress(described.digest, done, described.size))
                yield chunk


async def checked(data: AsyncIterable[bytes], described: Descriptor) -> AsyncIterator[bytes]:
    """A blob's bytes. Raises Unacceptable where they are not what is described; after the last of them, maybe."""
    hashed, done = hashlib.sha256(), 0
    async with closing(data):
        async for chunk in data:
            done += len(chunk)
            hashed.update(chunk)
            if done > described.size:
                break
            yield chunk
    if done != described.size:
        raise errors.Unacceptable(f"{described.digest} has not the {described.size} bytes announced")
    if f"sha256:{hashed.hexdigest()}" != described.digest:
        raise errors.Unacceptable(f"what it has as {described.digest} is something else")


def check(described: config.Config, found: Manifest) -> None:
    """Raise Unacceptable unless a configuration fits its manifest, and this system."""
    layers = described.rootfs.diff_ids
    if len(layers) != len(found.layers):
        raise errors.Unacceptable("its configuration names another number of layers than its manifest")
    for one in layers:
        if not manifest.DIGEST.fullmatch(one):
            raise errors.Unacceptable(f"its configuration names a layer by {one!r}")
    if described.os and described.os != "linux":
        raise errors.Unacceptable(f"it is for {described.os}")
