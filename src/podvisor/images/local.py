"""The images of this user, on disk: what names mean.

    DIRECTORY/names/<quoted name>.json       the image that a name means
    DIRECTORY/blobs, layers, trees-of        what images are made of; see `content`
    DIRECTORY/unfinished/                    what is being written
    DIRECTORY/trees/<sha256>/root            what earlier versions imported; it can be imported again

A name appears by one rename(2) and is never changed afterwards, so a reader needs no lock, and whoever is killed leaves
only something unfinished, which the next who changes the store sweeps away.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from podvisor.images import config, errors, reference
from podvisor.images.content import Content
from podvisor.sandbox import spec

if TYPE_CHECKING:
    from podvisor.images.assembling import Pulled

HOST = "host"
"""The image that is always there: this machine's own files."""


@dataclass(frozen=True, slots=True)
class Image:
    """One name and what it means."""

    name: str
    digest: str
    size_bytes: int
    imported: float
    """Seconds since the epoch."""
    config: str = ""
    """The digest of its configuration; empty for what an earlier version imported."""
    manifest: str = ""
    """The digest of its own manifest; `digest` may be that of an index."""
    users: Sequence[str] = ()
    """Who may use it, in the words of whoever pulled it; empty for everybody."""
    is_local: bool = False
    """True for one that was imported: no registry is asked for it."""


class Store:
    """The images below one directory, which is made when the first one is imported."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._names = os.path.join(directory, "names")
        self._trees = os.path.join(directory, "trees")
        self._unfinished = os.path.join(directory, "unfinished")
        self.content = Content(directory)

    def tag(self, pulled: Pulled, *, now: float, users: Sequence[str] = ()) -> Image:
        """Give a pulled image, whose content is here, its name, in place of what that meant before.

        Where it meant the same, those who might use it before still may.
        """
        size, named = pulled.size_bytes, pulled.name
        configuration, own = pulled.parsed.config.digest, pulled.manifest.digest
        image = Image(named.canonical, pulled.digest, size, now, configuration, own, is_local=pulled.is_local)
        with self._changing():
            previous = self._read(named)
            same = previous is not None and previous.digest == image.digest
            before = previous.users if previous is not None and same else ()
            image = replace(image, users=() if same and not before else tuple(sorted({*before, *users})))
            self._write_name(named, image)
            if previous is not None:
                self._forget(previous.digest)
        return image

    def rename(self, name: str, new: str) -> Image:
        """Let another name mean the same. Raises `NotFound` or `BadReference`."""
        named, wanted = self.named(name), self.named(new)
        with self._changing():
            image = replace(self._find(named), name=wanted.canonical)
            previous = self._read(wanted)
            self._write_name(wanted, image)
            if previous is not None:
                self._forget(previous.digest)
        return image

    def prune(self) -> int:
        """Remove the content that no name means any more, and say how many bytes that was.

        None while somebody pulls: what they have fetched has no name yet.
        """
        with self._changing(), self.content.nobody_pulls() as alone:
            return self.content.remove_but(self._used()) if alone else 0

    def _used(self) -> set[str]:
        """The paths of the content that names mean."""
        used: set[str] = set()
        for image in self.images():
            if image.config:
                layers = self.configured(image).rootfs.diff_ids
                used |= {self.content.blob(image.config), self.content.blob(image.manifest), self.content.tree(layers)}
                used |= {self.content.layer(one) for one in layers}
        return used

    def has(self, name: str) -> bool:
        """True if the name means something here. Raises `BadReference`."""
        return self._read(self.named(name)) is not None

    def find(self, name: str) -> Image:
        """What a name means. Raises `NotFound` or `BadReference`."""
        return self._find(self.named(name))

    def config(self, name: str) -> config.Config:
        """What an image says about its containers. Raises as `root` does."""
        return self.configured(self.find(name))

    def configured(self, image: Image) -> config.Config:
        """What an image says about its containers. Raises `NotFound` where its content is gone."""
        if not image.config:
            short, tree = reference.parse(image.name), os.path.join(self._tree(image.digest), "root")
            again = f"`podvisor image import {short} {tree}`"
            raise errors.NotFound(
                f"{short}: an earlier version imported it, as a directory; {again} makes an image of it"
            )
        try:
            with open(self.content.blob(image.config), "rb") as file:
                return config.parse(file.read())
        except FileNotFoundError as error:
            raise errors.NotFound(f"{image.name}: its content is gone; pull it again") from error

    def images(self) -> list[Image]:
        """Every image, by name."""
        with suppress(FileNotFoundError):
            return [self._load(os.path.join(self._names, entry)) for entry in sorted(os.listdir(self._names))]
        return []

    def remove(self, name: str) -> None:
        """Forget a name, and its tree where no other name means it. Raises `NotFound`."""
        named = self.named(name)
        self._find(named)
        with self._changing():
            image = self._find(named)
            os.unlink(self._name_path(named))
            self._forget(image.digest)

    def root(self, name: str) -> spec.Root:
        """An image's root file system. Raises `NotFound` or `BadReference`."""
        return self.content.root(self.config(name).rootfs.diff_ids)

    def named(self, name: str) -> reference.Reference:
        """A name that an image can have. Raises `BadReference`."""
        if name == HOST:
            raise errors.BadReference("`host` is this machine's own image; it is always there and not imported")
        return reference.parse(name)

    def _find(self, named: reference.Reference) -> Image:
        image = self._read(named)
        if image is None:
            raise errors.NotFound(f"no image named {named}; `podvisor image pull {named}` fetches it")
        return image

    def _read(self, named: reference.Reference) -> Image | None:
        try:
            return self._load(self._name_path(named))
        except FileNotFoundError:
            return None

    def _load(self, path: str) -> Image:
        with open(path, encoding="utf-8") as file:
            fields = json.load(file)
        return Image(**fields | {"users": tuple(fields.get("users", ()))})

    def _name_path(self, named: reference.Reference) -> str:
        return os.path.join(self._names, f"{quote(named.canonical, safe='')}.json")

    def _tree(self, digest: str) -> str:
        return os.path.join(self._trees, digest.removeprefix("sha256:"))

    def _write_name(self, named: reference.Reference, image: Image) -> None:
        path = os.path.join(self._unfinished, "name")
        _write_json(path, asdict(image))
        os.rename(path, self._name_path(named))

    def _forget(self, digest: str) -> None:
        """Remove a tree of an earlier version that no name means any more."""
        is_tree = os.path.isdir(self._tree(digest))
        if is_tree and all(image.digest != digest for image in self.images()):
            os.rename(self._tree(digest), os.path.join(self._unfinished, "gone"))

    @contextmanager
    def _changing(self) -> Generator[None]:
        """Hold the store for one change: whatever is unfinished before or after it is nobody's."""
        for directory in (self._names, self._unfinished):
            os.makedirs(directory, mode=0o700, exist_ok=True)
        lock = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._sweep()
            yield
        finally:
            self._sweep()
            os.close(lock)

    def _sweep(self) -> None:
        for entry in os.scandir(self._unfinished):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                _remove_unheld(entry.path)


def _remove_unheld(path: str) -> None:
    """Remove a file, unless somebody writes content there; under its lock, so that nobody begins to meanwhile."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    except BlockingIOError:
        return
    finally:
        os.close(file)


def _write_json(path: str, value: object) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file)


def default_directory() -> str:
    """$XDG_DATA_HOME/podvisor/images (XDG base directory specification)."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(data, "podvisor", "images")
