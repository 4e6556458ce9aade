"""Images without a registry's manifest: theirs says that each layer is a plain archive, which its DiffID names.

So the same configuration always has the same manifest, whichever archive it came in; `save` writes it as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from podvisor.images import assembling, config, unpacking
from podvisor.images.assembling import Pulled
from podvisor.images.content import Content
from podvisor.images.reference import Reference
from podvisor.images.registry import manifest
from podvisor.images.registry.manifest import Manifest, Served

CONFIG, LAYER = manifest.CONFIGURATIONS[0], manifest.LAYERS[0]


def digest(data: bytes) -> str:
    """What names these bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def configuration(diff_ids: Sequence[str], how: str) -> bytes:
    """The configuration of a root file system that says nothing of its containers.

    It has no time, so that the same files are the same image.
    """
    platform = assembling.here()
    return _json(
        {
            "architecture": platform.architecture,
            "os": platform.os,
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
            "history": [{"created_by": how} for _ in diff_ids],
        }
    )


def described(content: Content, data: bytes) -> bytes:
    """The manifest of a configuration whose layers are here. Raises Unpackable for layers of earlier versions."""
    diff_ids = config.parse(data).rootfs.diff_ids
    sizes = [unpacking.archive_bytes(content.layer(one)) for one in diff_ids]
    return _json(
        {
            "schemaVersion": 2,
            "mediaType": manifest.MANIFESTS[0],
            "config": {"mediaType": CONFIG, "digest": digest(data), "size": len(data)},
            "layers": [
                {"mediaType": LAYER, "digest": one, "size": size} for one, size in zip(diff_ids, sizes, strict=True)
            ],
        }
    )


async def keep(content: Content, name: Reference, data: bytes) -> Pulled:
    """Keep the configuration of an image whose layers are here, and its manifest. Raises ImageError."""
    served = described(content, data)
    parsed = manifest.parse(served)
    assert isinstance(parsed, Manifest)
    assembling.check(config.parse(data), parsed)
    await content.write_blob(parsed.config.digest, data)
    await content.write_blob(digest(served), served)
    whole = Served(served, digest(served), manifest.MANIFESTS[0])
    return Pulled(name, whole.digest, whole, parsed, config.parse(data), is_local=True)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
