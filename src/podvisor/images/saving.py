"""Images as one archive: what `docker save` writes, or an OCI layout.

The same images give the same bytes: entries have no time and a fixed order, and layers are the plain archives that
their DiffIDs name, so that an image's ID stays what it was.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from podvisor.images import errors, plain, reference, unpacking
from podvisor.images.archives import docker, layout
from podvisor.images.local import Image, Store
from podvisor.images.registry import manifest
from podvisor.images.streams import closing

Format = Literal["docker-archive", "oci-archive"]
"""In the words of containers-transports(5)."""
Write = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Saved:
    """An image that is to be written."""

    image: Image
    config: bytes
    diff_ids: Sequence[str]
    manifest: bytes

    @property
    def config_digest(self) -> str:
        return plain.digest(self.config)


async def save(store: Store, names: Sequence[str], form: Format, write: Write) -> None:
    """Write images as an archive, and let nobody remove them meanwhile.

    Raises ImageError; what was written then is of no use.
    """
    with store.content.pulling():
        saved = list({one.image.name: one for one in (_found(store, name) for name in names)}.values())
        entries = _docker(saved) if form == "docker-archive" else _layout(saved)
        for path, data in sorted(entries.items()):
            await _entry(store, path, data, write)
        await write(bytes(2 * tarfile.BLOCKSIZE))


def _found(store: Store, name: str) -> _Saved:
    image = store.find(name)
    diff_ids = store.configured(image).rootfs.diff_ids
    with open(store.content.blob(image.config), "rb") as file:
        data = file.read()
    try:
        return _Saved(image, data, diff_ids, plain.described(store.content, data))
    except errors.Unpackable as error:
        raise errors.Unpackable(f"{reference.parse(name)}: {error}") from error
    except FileNotFoundError as error:
        raise errors.NotFound(f"{reference.parse(name)}: its content is gone; pull it again") from error


@dataclass(frozen=True, slots=True)
class _Layer:
    """Stands for a layer's archive among the entries."""

    diff_id: str


_Entries = dict[str, bytes | _Layer]


def _docker(saved: Sequence[_Saved]) -> _Entries:
    entries: _Entries = {}
    tags: dict[str, set[str]] = {}
    items: dict[str, dict[str, object]] = {}
    for one in saved:
        named, path = reference.parse(one.image.name), f"{one.config_digest.removeprefix('sha256:')}.json"
        # A name with a digest is none that a loader could give.
        tags.setdefault(path, set()).update([] if named.digest else [str(named)])
        layers = [f"{diff_id.removeprefix('sha256:')}.tar" for diff_id in one.diff_ids]
        items[path] = {"Config": path, "RepoTags": sorted(tags[path]), "Layers": layers}
        entries[path] = one.config
        entries |= {layer: _Layer(diff_id) for layer, diff_id in zip(layers, one.diff_ids, strict=True)}
    entries[docker.MANIFEST] = _json([items[path] for path in sorted(items)])
    return entries


def _layout(saved: Sequence[_Saved]) -> _Entries:
    entries: _Entries = {layout.MARK: _json({"imageLayoutVersion": "1.0.0"})}
    described: list[dict[str, object]] = []
    for one in sorted(saved, key=lambda one: one.image.name):
        digest = plain.digest(one.manifest)
        entries |= {layout.path(diff_id): _Layer(diff_id) for diff_id in one.diff_ids}
        entries |= {layout.path(one.config_digest): one.config, layout.path(digest): one.manifest}
        names = {layout.FULL_NAME: one.image.name, layout.REF_NAME: one.image.name}
        kind = manifest.MANIFESTS[0]
        described.append({"mediaType": kind, "digest": digest, "size": len(one.manifest), "annotations": names})
    entries[layout.INDEX] = _json({"schemaVersion": 2, "mediaType": manifest.INDEXES[0], "manifests": described})
    return entries


async def _entry(store: Store, path: str, data: bytes | _Layer, write: Write) -> None:
    if isinstance(data, bytes):
        await write(_header(path, len(data)) + data + bytes(-len(data) % tarfile.BLOCKSIZE))
        return
    place = store.content.layer(data.diff_id)
    size = unpacking.archive_bytes(place)
    await write(_header(path, size))
    async with closing(_archive(place, data.diff_id)) as chunks:
        async for chunk in chunks:
            await write(chunk)
    await write(bytes(-size % tarfile.BLOCKSIZE))


async def _archive(place: str, diff_id: str) -> AsyncIterator[bytes]:
    file = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        async with closing(unpacking.archive(file, diff_id)) as chunks:
            async for chunk in chunks:
                yield chunk
    finally:
        os.close(file)


def _header(path: str, size: int) -> bytes:
    info = tarfile.TarInfo(path)
    info.mode, info.size = 0o644, size
    return info.tobuf(tarfile.GNU_FORMAT)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
