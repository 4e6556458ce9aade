"""What `docker save` writes (moby's image/spec): `manifest.json` names each image's configuration and layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import msgspec

from podvisor.images import config, errors, plain, reference
from podvisor.images.archives.members import Members
from podvisor.images.assembling import Assembler, Layer, Pulled
from podvisor.images.reference import Reference
from podvisor.images.registry import manifest
from podvisor.images.registry.manifest import Descriptor

MANIFEST = "manifest.json"


class Item(msgspec.Struct, frozen=True, rename="pascal"):
    """An image of an archive."""

    config: str
    layers: tuple[str, ...]
    repo_tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """The same, with its names as names."""

    item: Item
    names: tuple[Reference, ...]


def is_one(members: Members) -> bool:
    """True if these are the files of such an archive."""
    return members.has(MANIFEST)


async def images(members: Members) -> list[Image]:
    """What an archive holds. Raises Unpackable."""
    data = await members.small(MANIFEST, manifest.LARGEST)
    try:
        items = msgspec.json.decode(data, type=list[Item])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.Unpackable(f"its {MANIFEST} is damaged: {error}") from error
    return [Image(item, tuple(map(_name, item.repo_tags or ()))) for item in items]


def _name(text: str) -> Reference:
    try:
        return reference.parse(text)
    except errors.BadReference as error:
        raise errors.Unpackable(f"names an image {text!r}, which is no image name") from error


async def assemble(assembler: Assembler, members: Members, image: Image, name: Reference) -> Pulled:
    """Have an image of an archive here. Raises ImageError."""
    data = await members.small(image.item.config, manifest.LARGEST)
    described = config.parse(data)
    diff_ids = described.rootfs.diff_ids
    if len(diff_ids) != len(image.item.layers) or len(diff_ids) > manifest.MOST_LAYERS:
        raise errors.Unacceptable(
            f"its configuration names {len(diff_ids)} layers, {MANIFEST} {len(image.item.layers)}"
        )
    layers: list[Layer] = []
    for diff_id, path in zip(diff_ids, image.item.layers, strict=True):
        if not manifest.DIGEST.fullmatch(diff_id):
            raise errors.Unacceptable(f"its configuration names a layer by {diff_id!r}")
        layers.append(Layer(Descriptor("", diff_id, members.size(path)), diff_id, partial(members.data, path)))
    await assembler.stack(layers)
    return await plain.keep(assembler.content, name, data)
