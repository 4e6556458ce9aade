"""Manifests and indexes, as data.

OCI image specification, manifest.md and image-index.md; Docker's image manifest version 2, schema 2. Both name the
same things with other media types. What is not understood is refused by its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec

from podvisor.images.errors import Unacceptable

MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
ACCEPTED = (*MANIFESTS, *INDEXES)
CONFIGURATIONS = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
LAYERS = (
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
)
LARGEST = 4 << 20
"""Bytes of a manifest, an index or a configuration, as other clients bound them."""
MOST_LAYERS = 512
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on, in Go's words (OCI image-index.md, "platform")."""

    os: str = "linux"
    architecture: str = "amd64"
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


@dataclass(frozen=True, slots=True)
class Served:
    """A manifest or an index, byte for byte."""

    data: bytes
    digest: str
    media_type: str


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """One piece of content: what it is, its digest, and its size in bytes."""

    media_type: str
    digest: str
    size: int
    platform: dict[str, Any] | None = None
    urls: tuple[str, ...] = ()


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """An image: its configuration, and its layers, lowest first."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    schema_version: int = 2
    media_type: str = ""


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """Images of one name for several platforms."""

    manifests: tuple[Descriptor, ...]
    schema_version: int = 2
    media_type: str = ""


def parse(data: bytes, media_type: str = "") -> Manifest | Index:
    """What a registry served for a name. Raises Unacceptable.

    The document's own `mediaType` counts before the header's, as containerd has it: one digest means one thing.
    """
    fields = _object(data)
    kind = _kind(fields, media_type.partition(";")[0].strip())
    if kind in INDEXES and "layers" not in fields:
        return _convert(fields, Index)
    if kind in MANIFESTS and "manifests" not in fields:
        return _checked(_convert(fields, Manifest))
    raise Unacceptable(f"its manifest is of type {kind or 'unknown'}, which is no image's")


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unacceptable(f"its manifest is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unacceptable("its manifest is no JSON object")
    return cast("dict[str, Any]", found)


def _kind(fields: dict[str, Any], header: str) -> str:
    own = fields.get("mediaType")
    if isinstance(own, str) and own:
        return own
    if fields.get("schemaVersion") == 1:
        return "application/vnd.docker.distribution.manifest.v1+json"
    if header in ACCEPTED:
        return header
    if "manifests" in fields:
        return INDEXES[0]
    return MANIFESTS[0] if "layers" in fields and "config" in fields else header


_T = TypeVar("_T", Manifest, Index)


def _convert(fields: dict[str, Any], kind: type[_T]) -> _T:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise Unacceptable(f"its manifest is damaged: {error}") from error


def _checked(manifest: Manifest) -> Manifest:
    if manifest.config.media_type not in CONFIGURATIONS:
        raise Unacceptable(f"its configuration is of type {manifest.config.media_type}: no container image")
    for layer in manifest.layers:
        if layer.media_type not in LAYERS:
            raise Unacceptable(f"a layer is of type {layer.media_type}, which cannot be unpacked")
    if len(manifest.layers) > MOST_LAYERS:
        raise Unacceptable(f"it has {len(manifest.layers)} layers; {MOST_LAYERS} are the most")
    for one in (manifest.config, *manifest.layers):
        if not DIGEST.fullmatch(one.digest):
            raise Unacceptable(f"it names content by {one.digest!r}; only sha256 is known")
        if one.size < 0:
            raise Unacceptable(f"it gives {one.digest} a size of {one.size}")
    return manifest


def choose(index: Index, wanted: Platform) -> Descriptor:
    """The image for a platform: of its variant, or one that its processor runs as well. Raises Unacceptable."""
    usable = [(rank, one) for one in index.manifests if (rank := _rank(one, wanted)) is not None]
    if not usable:
        there = ", ".join(sorted({_name(one) for one in index.manifests} - {"unknown/unknown"})) or "none"
        raise Unacceptable(f"there is none for {wanted}; there are: {there}")
    return min(usable, key=lambda ranked: ranked[0])[1]


VARIANTS: dict[str, Sequence[str]] = {"arm64": ("v8", ""), "arm": ("v8", "v7", "v6", "v5", ""), "amd64": ("", "v1")}
"""By architecture the variants, best first, that run where none is asked for."""


def _rank(one: Descriptor, wanted: Platform) -> int | None:
    """How well an image fits, 0 being best; None where it does not run."""
    if one.media_type not in ACCEPTED or not DIGEST.fullmatch(one.digest):
        return None
    platform = one.platform
    if platform is None:
        return 100
    if (platform.get("os"), platform.get("architecture")) != (wanted.os, wanted.architecture):
        return None
    variant = platform.get("variant") or ""
    if variant == wanted.variant:
        return 0
    known = list(VARIANTS.get(wanted.architecture, ("",)))
    if variant not in known:
        return None
    least = known.index(wanted.variant) if wanted.variant in known else 0
    return 1 + known.index(variant) if known.index(variant) >= least else None


def _name(one: Descriptor) -> str:
    found = one.platform or {}
    return "/".join(str(found[key]) for key in ("os", "architecture", "variant") if found.get(key)) or "unknown/unknown"
