"""Images from files: archives and layouts of images, root file systems, EROFS images; by what they hold.

| what | image |
| --- | --- |
| a directory or archive with `oci-layout` and `index.json` | those of the layout |
| an archive with `manifest.json` | those that `docker save` wrote |
| any other directory or archive | one layer: it is a root file system |
| an uncompressed EROFS image (mkfs.erofs) | one layer |
"""

from __future__ import annotations

import asyncio
import bz2
import lzma
import os
import stat
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from podvisor.images import assembling, errors, plain, unpacking
from podvisor.images.archives import docker, layout, rootfs
from podvisor.images.archives.members import Directory, Members, Packed, read
from podvisor.images.assembling import Assembler, Progress, Pulled
from podvisor.images.local import Image, Store
from podvisor.images.reference import Reference
from podvisor.images.registry.manifest import Descriptor, Served
from podvisor.images.unpacking import CHUNK

HOW = "podvisor image import"
"""What a configuration says of a layer that was a root file system."""
EROFS = (1024, b"\xe2\xe1\xf5\xe0")
"""Where an EROFS image has its magic number."""
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How gzip and zstd begin, which the unpacker reads."""
SKIPPED = b"\x2a\x4d\x18"
"""What follows the first byte, 0x50 to 0x5f, of a zstd frame that is skipped (RFC 8878, section 3.1.2)."""
MEMORY = 256 << 20
"""Bytes that decompressing xz may take."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a source."""

    images: list[Image]
    skipped: int = 0
    """Sockets of a root file system, which no archive holds."""


@dataclass(frozen=True, slots=True)
class Importer:
    """How images are imported."""

    store: Store
    now: float
    """Seconds since the epoch."""
    progress: Callable[[Progress], None] = assembling.nothing

    async def add(self, source: str | int, name: str = "") -> Imported:
        """Import what is at a path, or comes from a descriptor, by its own names or under this one.

        Raises ImageError, and OSError of the disk; then no name has changed.
        """
        named = self.store.named(name) if name else None
        try:
            with self.store.content.pulling():
                pulled, skipped = await self._added(source, named)
                return Imported([self.store.tag(one, now=self.now) for one in pulled], skipped)
        except errors.ImageError as error:
            where = source if isinstance(source, str) else "standard input"
            raise type(error)(f"{where}: {error}" if where not in str(error) else str(error)) from error

    async def _added(self, source: str | int, name: Reference | None) -> tuple[list[Pulled], int]:
        if isinstance(source, str) and await asyncio.to_thread(os.path.isdir, source):
            members = Directory(source)
            if layout.is_one(members):
                return await self._of_layout(members, name), 0
            count = rootfs.Count()
            return [await self._root(rootfs.archive(source, count), name)], count.skipped
        with _opened(source) as file:
            if _is_regular(file) and os.pread(file, 4, EROFS[0]) == EROFS[1]:
                return [await self._root(unpacking.export(file), name)], 0
            return await self._of_archive(file, name), 0

    async def _of_archive(self, file: int, name: Reference | None) -> list[Pulled]:
        with self.store.content.scratch() as scratch:
            if _is_regular(file) and not _is_compressed(file):
                plain_file, listing = file, await unpacking.members(read(file, 0, os.fstat(file).st_size))
            else:
                plain_file, listing = scratch, await unpacking.members(_bytes(file), scratch)
            members = Packed(plain_file, listing)
            if listing.complete and layout.is_one(members):
                return await self._of_layout(members, name)
            if listing.complete and docker.is_one(members):
                return await self._of_docker(members, name)
            whole = Descriptor("", "root file system", os.fstat(plain_file).st_size)
            return [await self._root(self._assembler().seen(read(plain_file, 0, whole.size), whole), name)]

    async def _root(self, data: AsyncIterable[bytes], name: Reference | None) -> Pulled:
        """A root file system as an image of one layer."""
        if name is None:
            raise errors.BadReference("a root file system has no name of its own; say how the image is called")
        made = await self.store.content.add_layer(data)
        await self.store.content.join([made.diff_id])
        return await plain.keep(self.store.content, name, plain.configuration([made.diff_id], HOW))

    async def _of_layout(self, members: Members, name: Reference | None) -> list[Pulled]:
        found = await layout.images(members)
        blobs = layout.Blobs(members)
        pulled: list[Pulled] = []
        for one, wanted in _chosen([(one, one.name, one.tag) for one in found], name):
            data = await blobs.small(one.described)
            top = Served(data, one.described.digest, one.described.media_type)
            image = await self._assembler().image(blobs, wanted, top)
            pulled.append(replace(image, is_local=True))
        return pulled

    async def _of_docker(self, members: Members, name: Reference | None) -> list[Pulled]:
        found = await docker.images(members)
        names = [(image, one, "") for image in found for one in image.names or (None,)]
        return [
            await docker.assemble(self._assembler(), members, image, wanted) for image, wanted in _chosen(names, name)
        ]

    def _assembler(self) -> Assembler:
        return Assembler(self.store.content, progress=self.progress)


_T = TypeVar("_T")


def _chosen(found: list[tuple[_T, Reference | None, str]], name: Reference | None) -> Iterable[tuple[_T, Reference]]:
    """Which images are taken, and under which names: all by their own, or the only one, or the one with a tag."""
    if name is None:
        for image, own, tag in found:
            if own is None:
                what = f"an image {tag!r}" if tag else "an image without a name"
                raise errors.BadReference(f"has {what}; say how it is to be called")
            yield image, own
        return
    fitting = [one for one in found if one[1] == name] or [one for one in found if one[2] == name.tag] or found
    if len({id(image) for image, _, _ in fitting}) != 1:
        names = ", ".join(str(own or tag or "one without a name") for _, own, tag in found) or "none"
        raise errors.BadReference(f"has not one image, but: {names}; import all without a name")
    yield fitting[0][0], name


@contextmanager
def _opened(source: str | int) -> Generator[int]:
    if isinstance(source, int):
        yield source
        return
    try:
        file = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise errors.Unpackable(error.strerror or str(error)) from error
    try:
        yield file
    finally:
        os.close(file)


def _is_regular(file: int) -> bool:
    return stat.S_ISREG(os.fstat(file).st_mode)


def _is_compressed(file: int) -> bool:
    """True if a file is no archive before something is undone."""
    head = os.pread(file, 6, 0)
    skipped = head[1:4] == SKIPPED and head[0] >> 4 == 5
    return skipped or head.startswith(COMPRESSED) or _decompressor(head) is not None


Decompressor = bz2.BZ2Decompressor | lzma.LZMADecompressor


def _decompressor(head: bytes) -> Decompressor | None:
    """What reads bytes that begin like this, where the unpacker does not."""
    if head.startswith(b"BZh"):
        return bz2.BZ2Decompressor()
    if head.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor(memlimit=MEMORY)
    return None


async def _bytes(file: int) -> AsyncIterator[bytes]:
    """What a file holds from its current position on, with bzip2 and xz undone. Raises Unpackable."""
    chunks = _chunks(file)
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk


def _chunks(file: int) -> Iterator[bytes]:
    chunk = os.read(file, CHUNK)
    decompressor = _decompressor(chunk)
    if decompressor is not None:
        yield from _decompressed(file, chunk, decompressor)
        return
    while chunk:
        yield chunk
        chunk = os.read(file, CHUNK)


def _decompressed(file: int, chunk: bytes, decompressor: Decompressor | None) -> Iterator[bytes]:
    """All streams of a file, one after the other, as those write them who compress in parallel."""
    while decompressor is not None:
        try:
            piece = decompressor.decompress(chunk, CHUNK)
        except (OSError, lzma.LZMAError) as error:
            raise errors.Unpackable(f"its compression is broken: {error}") from error
        if piece:
            yield piece
        chunk = b""
        if decompressor.eof:
            chunk = decompressor.unused_data + os.read(file, CHUNK)
            decompressor = _decompressor(chunk)
        elif decompressor.needs_input and not (chunk := os.read(file, CHUNK)):
            raise errors.Unpackable("its compression is broken: it ends in the middle")
