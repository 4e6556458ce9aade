"""OCI image layouts (image-layout.md of the OCI image specification), as directories or archives of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from podvisor.images import assembling, errors, reference
from podvisor.images.archives.members import Members
from podvisor.images.reference import Reference
from podvisor.images.registry import manifest
from podvisor.images.registry.manifest import Descriptor, Served

MARK = "oci-layout"
INDEX = "index.json"
FULL_NAME = "io.containerd.image.name"
"""The annotation that has an image's whole name, as docker and containerd write it."""
REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that has a name: a whole one, or only a tag."""


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None


class _Index(msgspec.Struct, frozen=True):
    manifests: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """An image of a layout."""

    described: Descriptor
    name: Reference | None
    """Its whole name, where the layout tells one."""
    tag: str
    """What the layout calls it; empty if it does not."""


def is_one(members: Members) -> bool:
    """True if these are the files of a layout."""
    return members.has(MARK) and members.has(INDEX)


async def images(members: Members) -> list[Named]:
    """What a layout's index names. Raises Unpackable."""
    data = await members.small(INDEX, manifest.LARGEST)
    try:
        index = msgspec.json.decode(data, type=_Index)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.Unpackable(f"its {INDEX} is damaged: {error}") from error
    return [_named(one) for one in index.manifests]


def _named(entry: _Entry) -> Named:
    told = entry.annotations or {}
    tag = told.get(REF_NAME, "")
    whole = told.get(FULL_NAME, tag if set(tag) & {"/", ":"} else "")
    return Named(Descriptor(entry.media_type, entry.digest, entry.size), _name(whole), tag)


def _name(text: str) -> Reference | None:
    try:
        return reference.parse(text) if text else None
    except errors.BadReference as error:
        raise errors.Unpackable(f"names an image {text!r}, which is no image name") from error


@dataclass(frozen=True, slots=True)
class Blobs:
    """An origin: what a layout has below `blobs`."""

    members: Members

    async def manifest(self, name: str) -> Served:
        described = Descriptor("", name, _size(self.members, name))
        data = await self.small(described)
        return Served(data, name, "")

    async def small(self, described: Descriptor) -> bytes:
        if described.size > manifest.LARGEST:
            raise errors.Unacceptable(f"{described.digest} of {described.size} bytes is too large")
        return b"".join([chunk async for chunk in self.blob(described)])

    def blob(self, described: Descriptor) -> AsyncIterator[bytes]:
        return assembling.checked(self.members.data(path(described.digest)), described)


def _size(members: Members, digest: str) -> int:
    return members.size(path(digest))


def path(digest: str) -> str:
    """Where a layout has a blob. Raises Unacceptable."""
    if not manifest.DIGEST.fullmatch(digest):
        raise errors.Unacceptable(f"it names content by {digest!r}; only sha256 is known")
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"
