"""What containers write, kept as lines in the CRI's format and handed to those who attach.

`2026-01-02T03:04:05.000000006Z stdout F text`: time, stream, F for a whole line or P for a part of a longer one
(https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
"""

import asyncio
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

LONGEST = 16 << 10
"""The longest part of a line that is kept as one."""
Listener = Callable[[str, bytes], None]


class Log:
    """The log of one run of a container. Whoever follows it waits on `changed`."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.ended = False
        self.changed = asyncio.Condition()
        self.listeners: set[Listener] = set()
        self._limit = limit
        self._partial: dict[str, bytes] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, stream: str, data: bytes) -> None:
        """Keep what a container wrote to `stdout` or `stderr`."""
        for listener in tuple(self.listeners):
            listener(stream, data)
        *lines, rest = (self._partial.pop(stream, b"") + data).split(b"\n")
        now = timestamp(time.time_ns()).encode()
        out = [part for line in lines for part in _parts(now, stream, line, whole=True)]
        while len(rest) >= LONGEST:
            out.append(_line(now, stream, b"P", rest[:LONGEST]))
            rest = rest[LONGEST:]
        if rest:
            self._partial[stream] = rest
        self._append(b"".join(out))

    def close(self) -> None:
        """Keep what is left of an unfinished line; nothing follows."""
        now = timestamp(time.time_ns()).encode()
        self._append(b"".join(_line(now, stream, b"P", rest) for stream, rest in self._partial.items()))
        self._partial.clear()
        self._file.close()
        self.ended = True

    async def tell(self) -> None:
        """Wake those who follow."""
        async with self.changed:
            self.changed.notify_all()

    def _append(self, data: bytes) -> None:
        if data:
            self._file.write(data)
        if self._file.tell() > self._limit:
            self._rotate()

    def _rotate(self) -> None:
        """Begin a new file; one older file is kept beside it."""
        self._file.close()
        self.path.rename(self.path.with_suffix(".log.1"))
        self._file = self.path.open("ab", buffering=0)


def _parts(now: bytes, stream: str, line: bytes, *, whole: bool) -> list[bytes]:
    made: list[bytes] = []
    while len(line) > LONGEST:
        made.append(_line(now, stream, b"P", line[:LONGEST]))
        line = line[LONGEST:]
    return [*made, _line(now, stream, b"F" if whole else b"P", line)]


def _line(now: bytes, stream: str, tag: bytes, text: bytes) -> bytes:
    return b"%s %s %s %s\n" % (now, stream.encode(), tag, text)


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


async def pump(fd: int, stream: str, log: Log) -> None:
    """Read a pipe into the log until its other end is closed. Closes the descriptor."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 16)
    file = os.fdopen(fd, "rb", buffering=0)
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    try:
        while data := await reader.read(1 << 16):
            log.write(stream, data)
            await log.tell()
    finally:
        transport.close()
