"""The content of images below one directory, each piece under its digest, whole or not there.

    DIRECTORY/blobs/<hex>            manifests and configurations, as they were served
    DIRECTORY/layers/<hex>.erofs     layers, by the digest of their uncompressed archive
    DIRECTORY/trees-of/<hex>.erofs   several layers joined, by the digest of their digests
    DIRECTORY/locks/<hex>            held by who makes a piece, so that nobody does it twice
    DIRECTORY/unfinished/            what is being written

A piece appears by rename(2) after fsync(2); whoever is killed leaves only something unfinished, which the next who
changes the store sweeps away once nobody holds it (flock(2)).
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator, Sequence, Set
from contextlib import asynccontextmanager, contextmanager, suppress

from podvisor.images import unpacking
from podvisor.sandbox import spec

Write = Callable[[int], Awaitable[None]]
"""Fills an empty file, open for reading and writing."""
PLACES = ("blobs", "layers", "trees-of", "locks", "unfinished", "names")


class Content:
    """The pieces below a directory, which is made when the first is written."""

    def __init__(self, directory: str) -> None:
        self._directory = directory

    def blob(self, digest: str) -> str:
        """Where a blob is, or would be."""
        return self._at("blobs", _hex(digest))

    def layer(self, diff_id: str) -> str:
        """Where a layer's image is, or would be."""
        return self._at("layers", f"{_hex(diff_id)}.erofs")

    def tree(self, diff_ids: Sequence[str]) -> str:
        """Where the joined metadata of these layers is, or would be."""
        return self._at("trees-of", f"{chain(diff_ids)}.erofs")

    def root(self, diff_ids: Sequence[str]) -> spec.Root:
        """The root file system of these layers, lowest first; all have to be there."""
        if not diff_ids:
            return spec.Root(())
        return spec.Root((spec.ErofsLayer(self.tree(diff_ids), tuple(map(self.layer, diff_ids))),))

    def read_blob(self, digest: str) -> bytes | None:
        """A blob that is kept, as it was checked when it came; None where it is not here."""
        try:
            with open(self.blob(digest), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    async def write_blob(self, digest: str, data: bytes) -> None:
        """Keep a blob."""

        async def write(file: int) -> None:
            await asyncio.to_thread(_write_all, file, data)

        await self.make(self.blob(digest), write)

    async def join(self, diff_ids: Sequence[str]) -> None:
        """Make the tree of layers that are all there."""

        async def write(file: int) -> None:
            layers = [os.open(self.layer(one), os.O_RDONLY | os.O_CLOEXEC) for one in diff_ids]
            try:
                await unpacking.merge(layers, file)
            finally:
                for one in layers:
                    os.close(one)

        if diff_ids:
            await self.make(self.tree(diff_ids), write)

    async def add_layer(self, data: AsyncIterable[bytes]) -> unpacking.Unpacked:
        """Keep a layer whose digest nobody knows before it is unpacked. Raises as `unpacking.layer` does."""
        self._make_places()
        unpacked = unpacking.Unpacked("", 0, 0, 0)

        async def write(file: int) -> None:
            nonlocal unpacked
            unpacked = await unpacking.layer(data, file)

        await self._write(lambda: self.layer(unpacked.diff_id), write)
        return unpacked

    @contextmanager
    def scratch(self) -> Generator[int]:
        """An empty file that is gone afterwards, on the same disk as everything else."""
        self._make_places()
        file, path = self._held_file()
        try:
            os.unlink(path)
            yield file
        finally:
            os.close(file)

    @contextmanager
    def pulling(self) -> Generator[None]:
        """Keep what is fetched until it has a name: nobody removes content meanwhile."""
        with self._pullers() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            yield

    @contextmanager
    def nobody_pulls(self) -> Generator[bool]:
        """Keep others from pulling meanwhile; False if somebody does."""
        with self._pullers() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def _pullers(self) -> Generator[int]:
        self._make_places()
        lock = os.open(self._at("locks", "pulling"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield lock
        finally:
            os.close(lock)

    def remove_but(self, used: Set[str]) -> int:
        """Remove all pieces but those at these paths, and say how many bytes of the disk that was."""
        freed = 0
        for place in ("trees-of", "layers", "blobs"):
            for entry in os.scandir(self._at(place)):
                if entry.path not in used:
                    freed += entry.stat(follow_symlinks=False).st_blocks * 512
                    os.unlink(entry.path)
        return freed

    def _make_places(self) -> None:
        for place in PLACES:
            os.makedirs(self._at(place), mode=0o700, exist_ok=True)

    async def make(self, path: str, write: Write) -> bool:
        """Have a piece made unless it is there, by one at a time, in whatever process. False if it was there."""
        if _is_there(path):
            return False
        self._make_places()
        async with self._alone(os.path.basename(path)):
            if _is_there(path):
                return False
            await self._write(lambda: path, write)
        return True

    async def _write(self, path: Callable[[], str], write: Write) -> None:
        file, unfinished = self._held_file()
        try:
            await write(file)
            await asyncio.to_thread(os.fsync, file)
            os.rename(unfinished, path())
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(unfinished)
            raise
        finally:
            os.close(file)

    def _held_file(self) -> tuple[int, str]:
        """An empty file that is ours: whoever sweeps before it is locked takes it away, and there is another."""
        while True:
            file, path = tempfile.mkstemp(dir=self._at("unfinished"))
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                return file, path
            os.close(file)

    @asynccontextmanager
    async def _alone(self, name: str) -> AsyncGenerator[None]:
        """Nobody else makes this piece meanwhile."""
        lock = os.open(self._at("locks", name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    # A thread that waits in flock(2) could not be cancelled, and would keep the lock for nobody.
                    await asyncio.sleep(0.05)
            yield
        finally:
            os.close(lock)

    def _at(self, *parts: str) -> str:
        return os.path.join(self._directory, *parts)


def chain(diff_ids: Sequence[str]) -> str:
    """What names a stack of layers, in hexadecimal digits."""
    return hashlib.sha256("\n".join(diff_ids).encode()).hexdigest()


def _is_there(path: str) -> bool:
    return os.path.exists(path)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _write_all(file: int, data: bytes) -> None:
    with open(file, "wb", closefd=False) as stream:
        stream.write(data)
