"""The files of an archive or directory, by their names, each a place in a file that is read with pread(2)."""

from __future__ import annotations

import asyncio
import os
import posixpath
import stat
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from podvisor.images import errors
from podvisor.images.streams import closing
from podvisor.images.unpacking import CHUNK, Listing, Member

LINKS_MAX = 8
"""How many links may lead from one name to a file."""


class Members(Protocol):
    """Files by name."""

    def has(self, name: str) -> bool:
        """True if there is such a file."""
        ...

    async def small(self, name: str, most: int) -> bytes:
        """A whole file. Raises Unpackable where it is not there or has more than `most` bytes."""
        ...

    def data(self, name: str) -> AsyncIterator[bytes]:
        """A file's bytes, in order. Raises Unpackable where it is not there."""
        ...

    def size(self, name: str) -> int:
        """How many bytes a file has. Raises Unpackable where it is not there."""
        ...


class Packed:
    """The members of an uncompressed archive."""

    def __init__(self, file: int, listing: Listing) -> None:
        self._file = file
        self._members: Mapping[str, Member] = {posixpath.normpath(one.name): one for one in listing.members}

    def has(self, name: str) -> bool:
        return name in self._members

    async def small(self, name: str, most: int) -> bytes:
        return await _small(self, name, most)

    def size(self, name: str) -> int:
        return self._found(name).size

    async def data(self, name: str) -> AsyncIterator[bytes]:
        found = self._found(name)
        async with closing(read(self._file, found.offset, found.size)) as chunks:
            async for chunk in chunks:
                yield chunk

    def _found(self, name: str) -> Member:
        """The file with this name. A link (`docker save` has them for layers) leads to another member, or nowhere."""
        at = posixpath.normpath(name)
        for _ in range(LINKS_MAX):
            found = self._members.get(at)
            if found is None:
                break
            if not found.link:
                return found
            beside = posixpath.normpath(posixpath.join(posixpath.dirname(at), found.link))
            at = beside if beside in self._members else posixpath.normpath(found.link)
        raise errors.Unpackable(f"{name!r} is not in it")


@dataclass(frozen=True, slots=True)
class Directory:
    """The files below a directory."""

    path: str

    def has(self, name: str) -> bool:
        return os.path.isfile(os.path.join(self.path, name))

    async def small(self, name: str, most: int) -> bytes:
        return await _small(self, name, most)

    def size(self, name: str) -> int:
        file = self._open(name)
        try:
            return os.fstat(file).st_size
        finally:
            os.close(file)

    async def data(self, name: str) -> AsyncIterator[bytes]:
        file = self._open(name)
        try:
            async with closing(read(file, 0, os.fstat(file).st_size)) as chunks:
                async for chunk in chunks:
                    yield chunk
        finally:
            os.close(file)

    def _open(self, name: str) -> int:
        path = os.path.join(self.path, name)
        try:
            # What is no file may not keep us waiting for somebody at its other end.
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise errors.Unpackable(f"{path}: {error.strerror}") from error
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise errors.Unpackable(f"{path}: is no file")
        return file


async def _small(members: Members, name: str, most: int) -> bytes:
    if members.size(name) > most:
        raise errors.Unpackable(f"{name!r} is larger than {most} bytes")
    return b"".join([chunk async for chunk in members.data(name)])


async def read(file: int, offset: int, size: int) -> AsyncIterator[bytes]:
    """A part of a file, as far as there is one."""
    end = offset + size
    while offset < end:
        chunk = await asyncio.to_thread(os.pread, file, min(CHUNK, end - offset), offset)
        if not chunk:
            return
        offset += len(chunk)
        yield chunk
