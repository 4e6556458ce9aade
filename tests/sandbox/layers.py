"""EROFS layers for tests: archives made by Python's tarfile, unpacked by the real unpacker."""

import io
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from podvisor.sandbox import binary, spec


class Refused(Exception):
    """What the unpacker says: its reason and its line."""

    def __init__(self, answer: dict) -> None:
        super().__init__(answer["error"])
        self.reason = answer["reason"]


class Archive:
    """A tar archive in memory."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self._tar = tarfile.TarFile(fileobj=self._bytes, mode="w", format=tarfile.PAX_FORMAT)

    def add(self, name: str, content: bytes | None = None, **fields: object) -> "Archive":
        """One entry: a file of this content, or whatever `type` in `fields` says."""
        info = tarfile.TarInfo(name)
        info.mode = 0o644 if content is not None else 0o755
        for field, value in fields.items():
            setattr(info, field, value)
        info.size = len(content or b"")
        self._tar.addfile(info, io.BytesIO(content or b""))
        return self

    def programs(self, *paths: str) -> "Archive":
        """Programs of this machine with their libraries."""
        libraries = set[str]()
        for path in paths:
            listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
            libraries |= set(re.findall(r"(/\S+) \(0x", listed))
        for path in [*paths, *sorted(libraries)]:
            real = Path(path).resolve()
            self.add(path.lstrip("/"), real.read_bytes(), mode=0o755)
        return self

    def bytes(self) -> bytes:
        """The finished archive."""
        self._tar.close()
        return self._bytes.getvalue()


def _unpack(arguments: list[str], output: Path, files: Iterable[Path] = (), stdin: bytes = b"") -> dict:
    with output.open("w+b") as image:
        opened = [os.open(path, os.O_RDONLY) for path in files]
        try:
            ended = subprocess.run(
                [binary.find(), "unpack", *arguments, "--output-fd", str(image.fileno()), *map(str, opened)],
                input=stdin,
                pass_fds=[image.fileno(), *opened],
                capture_output=True,
                check=False,
            )
        finally:
            for fd in opened:
                os.close(fd)
    answer = json.loads(ended.stdout)
    if ended.returncode != 0:
        raise Refused(answer)
    return answer


def layer(archive: Archive | bytes, image: Path) -> dict:
    """Unpack a layer into `image`."""
    return _unpack(["layer"], image, stdin=archive if isinstance(archive, bytes) else archive.bytes())


def merge(layers: Iterable[Path], image: Path) -> dict:
    """Merge layers, lowest first, into `image`."""
    return _unpack(["merge"], image, layers)


def tree(directory: Path, *archives: Archive) -> spec.ErofsLayer:
    """The merged tree of these layers, lowest first."""
    images = [directory / f"layer-{number}.erofs" for number in range(len(archives))]
    for archive, image in zip(archives, images, strict=True):
        layer(archive, image)
    merge(images, directory / "tree.erofs")
    return spec.ErofsLayer(str(directory / "tree.erofs"), tuple(map(str, images)))
