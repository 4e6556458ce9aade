"""`podvisor-sandbox unpack`: layers become EROFS images in a confined process of its own; see docs/images.md."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass

import msgspec

from podvisor.images import errors
from podvisor.sandbox import binary


class _Answer(msgspec.Struct, rename="camel"):
    error: str = ""
    reason: str = ""
    diff_id: str = msgspec.field(default="", name="diffID")
    tar_bytes: int = 0
    entries: int = 0
    image_bytes: int = 0


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


async def merge(layers: Sequence[int], output: int) -> None:
    """Join layers' images, lowest first, into the metadata of one tree. Raises as `layer` does."""
    await _run(["merge", "--output-fd", str(output), *map(str, layers)], [output, *layers], None)


async def _run(words: Sequence[str], descriptors: Sequence[int], data: AsyncIterable[bytes] | None) -> _Answer:
    process = await asyncio.create_subprocess_exec(
        binary.find(),
        "unpack",
        *words,
        stdin=asyncio.subprocess.PIPE if data is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=descriptors,
        env={},
    )
    try:
        if data is not None:
            await _feed(process, data)
        assert process.stdout
        said = await process.stdout.read()
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return _understood(said, process.returncode or 0)


async def _feed(process: asyncio.subprocess.Process, data: AsyncIterable[bytes]) -> None:
    """Hand over the data; one that ends before has said why."""
    assert process.stdin
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
