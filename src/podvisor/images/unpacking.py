"""`podvisor-sandbox unpack`: layers become EROFS images, and archives again, in a confined process of its own.

docs/images.md has its command line and answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass

import msgspec

from podvisor.images import errors
from podvisor.images.streams import closing
from podvisor.sandbox import binary

CHUNK = 256 << 10
_TAIL = struct.Struct("<QQ16s")
"""How a layer's image ends: the bytes of its archive, a number, and `_MAGIC`."""
_MAGIC = b"podvisor-archive"


class Member(msgspec.Struct, frozen=True):
    """A file of an archive, or a link, and where its data lies in the uncompressed archive."""

    name: str
    offset: int
    size: int
    link: str = ""


class _Answer(msgspec.Struct, rename="camel"):
    error: str = ""
    reason: str = ""
    diff_id: str = msgspec.field(default="", name="diffID")
    tar_bytes: int = 0
    entries: int = 0
    image_bytes: int = 0
    more: bool = False
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A layer's image."""

    diff_id: str
    tar_bytes: int
    entries: int
    image_bytes: int


async def layer(data: AsyncIterable[bytes], output: int) -> Unpacked:
    """Turn a layer, compressed or not, into an image in the empty file at descriptor `output`.

    Raises Unacceptable for what is no layer, NoRoom, and whatever `data` raises; the process has ended then.
    """
    answer = await _run(["layer", "--output-fd", str(output)], [output], data)
    return Unpacked(answer.diff_id, answer.tar_bytes, answer.entries, answer.image_bytes)


@dataclass(frozen=True, slots=True)
class Listing:
    """What an archive holds."""

    members: Sequence[Member]
    complete: bool
    """False where it holds more than an image would."""


async def members(data: AsyncIterable[bytes] | int, output: int | None = None) -> Listing:
    """List an archive, compressed or not, from a descriptor or as it comes, and write it uncompressed to `output`.

    Raises as `layer` does.
    """
    words, passed = ([], []) if output is None else (["--output-fd", str(output)], [output])
    answer = await _run(["list", *words], passed, data)
    return Listing(answer.members, not answer.more)


async def archive(file: int, diff_id: str) -> AsyncGenerator[bytes]:
    """The archive that a layer's image was made of. Raises Unacceptable where it is not: after the last byte, maybe."""
    async with closing(_streamed(["archive", "--layer-fd", str(file)], file, diff_id)) as chunks:
        async for chunk in chunks:
            yield chunk


async def export(file: int) -> AsyncGenerator[bytes]:
    """An archive of what an uncompressed EROFS image holds. Raises Unacceptable; after the last byte, maybe."""
    async with closing(_streamed(["export", "--image-fd", str(file)], file, "")) as chunks:
        async for chunk in chunks:
            yield chunk


def archive_bytes(path: str) -> int:
    """How long the archive is that a layer's image was made of. Raises Unpackable where that is not known."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        tail = os.pread(file.fileno(), _TAIL.size, max(0, size - _TAIL.size))
    found = _TAIL.unpack(tail) if len(tail) == _TAIL.size else (0, 0, b"")
    if found[2] != _MAGIC:
        raise errors.Unpackable(
            "it was unpacked by an earlier version: remove it, `podvisor image prune`, have it again"
        )
    return found[0]


async def merge(layers: Sequence[int], output: int) -> None:
    """Join layers' images, lowest first, into the metadata of one tree. Raises as `layer` does."""
    await _run(["merge", "--output-fd", str(output), *map(str, layers)], [output, *layers], None)


async def _streamed(words: Sequence[str], source: int, diff_id: str) -> AsyncGenerator[bytes]:
    out, into = os.pipe()
    loop = asyncio.get_running_loop()
    try:
        process = await _started([*words, "--output-fd", str(into)], [source, into], None)
    except BaseException:
        os.close(out)
        raise
    finally:
        os.close(into)
    reader = asyncio.StreamReader(CHUNK)
    pipe = os.fdopen(out, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    try:
        while chunk := await reader.read(CHUNK):
            yield chunk
        answer = await _ended(process)
    finally:
        transport.close()
        await _stopped(process)
    if diff_id and answer.diff_id != diff_id:
        raise errors.Unacceptable(f"layer {diff_id} is damaged: its archive is {answer.diff_id} now")


async def _run(words: Sequence[str], descriptors: Sequence[int], data: AsyncIterable[bytes] | int | None) -> _Answer:
    process = await _started(words, descriptors, data)
    try:
        if data is not None and not isinstance(data, int):
            await _feed(process, data)
        return await _ended(process)
    finally:
        await _stopped(process)


async def _started(
    words: Sequence[str], descriptors: Sequence[int], data: AsyncIterable[bytes] | int | None
) -> asyncio.subprocess.Process:
    stdin = data if isinstance(data, int) else asyncio.subprocess.PIPE if data else asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        binary.find(),
        "unpack",
        *words,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=descriptors,
        env={},
        limit=CHUNK,
    )


async def _ended(process: asyncio.subprocess.Process) -> _Answer:
    assert process.stdout
    answer = await process.stdout.read()
    return _understood(answer, await process.wait())


async def _stopped(process: asyncio.subprocess.Process) -> None:
    """End the process if it has not ended yet."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _feed(process: asyncio.subprocess.Process, data: AsyncIterable[bytes]) -> None:
    """Hand over the data; one that ends before has said why."""
    assert process.stdin
    async with closing(data):
        async for chunk in data:
            try:
                process.stdin.write(chunk)
                await process.stdin.drain()
            except ConnectionError:
                break
    process.stdin.close()
    with contextlib.suppress(ConnectionError):
        await process.stdin.wait_closed()


def _understood(said: bytes, code: int) -> _Answer:
    try:
        answer = msgspec.json.decode(said, type=_Answer)
    except msgspec.DecodeError as error:
        how = f"signal {-code}" if code < 0 else f"code {code}"
        raise errors.Unacceptable(f"unpacking a layer ended by {how}") from error
    if not code:
        return answer
    if answer.reason == "NoSpace":
        raise errors.NoRoom(answer.error or "no space left on device")
    raise errors.Unacceptable(answer.error or "a layer cannot be unpacked")
