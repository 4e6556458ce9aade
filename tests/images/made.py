"""Images and archives for tests, made by hand so that they can say what no tool would write."""

import asyncio
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

from podvisor.images import assembling, importing, local, saving

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def load(store: local.Store, source: Path | str | int, name: str = "", now: float = 0) -> list[local.Image]:
    """Import, and say what became of it."""
    given = source if isinstance(source, int) else str(source)
    return asyncio.run(importing.Importer(store, now).add(given, name)).images


def save(store: local.Store, *names: str, form: saving.Format = "docker-archive") -> bytes:
    """The archive of images."""
    saved = bytearray()

    async def write(data: bytes) -> None:
        saved.extend(data)

    asyncio.run(saving.save(store, names, form, write))
    return bytes(saved)


def nothing_left(store: local.Store, directory: Path) -> bool:
    """True if a refusal has left neither a name nor anything unfinished."""
    return store.images() == [] and os.listdir(directory / "images/unfinished") == []


def tar(path: Path, *members: tuple[str, dict], mode: str = "w") -> Path:
    """An archive with these members, each a name and TarInfo's fields; `content` is a file's bytes."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, fields in members:
            info = tarfile.TarInfo(name)
            content = fields.pop("content", b"")
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return path


def digest(data: bytes) -> str:
    """What names these bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def dumps(value: object) -> bytes:
    """A document."""
    return json.dumps(value).encode()


class Layout:
    """An OCI layout that is being made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "blobs/sha256").mkdir(parents=True)
        (path / "oci-layout").write_bytes(dumps({"imageLayoutVersion": "1.0.0"}))

    def blob(self, data: bytes, kind: str, **fields: object) -> dict[str, object]:
        """Add a blob, and describe it."""
        (self.path / "blobs/sha256" / digest(data).removeprefix("sha256:")).write_bytes(data)
        return {"mediaType": kind, "digest": digest(data), "size": len(data), **fields}

    def image(self, *layers: bytes, **fields: object) -> dict[str, object]:
        """Add an image of these plain layers, and describe its manifest."""
        platform = assembling.here()
        config = {
            "architecture": platform.architecture,
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(dumps(config), CONFIG),
            "layers": [self.blob(layer, LAYER) for layer in layers],
        }
        return self.blob(dumps(manifest), MANIFEST, **fields)

    def index(self, *described: Mapping[str, object]) -> Path:
        """Write the index, and give the layout's path."""
        (self.path / "index.json").write_bytes(dumps({"schemaVersion": 2, "manifests": described}))
        return self.path


def layer(**files: str) -> bytes:
    """A layer's archive of files with these texts."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return made.getvalue()
