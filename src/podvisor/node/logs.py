"""What containers write, kept as lines in the CRI's format and handed to those who attach.

`2026-01-02T03:04:05.000000006Z stdout F text`: time, stream, F for a whole line or P for a part of a longer one
(https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
Lines are written in threads: a disk that is slow or full makes their container wait, and nobody else.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from podvisor.node.pace import Pace

LONGEST = 16 << 10
"""The longest part of a line that is kept as one."""
Listener = Callable[[str, bytes], Awaitable[None]]
"""Told of what a container writes, which waits for it."""
_TOO_LONG = re.compile(rb"^[^\n]{%d,}" % (LONGEST + 1), re.MULTILINE)


class Log:
    """The log of one run of a container. Making one opens its file, and may block."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.ended = False
        self.news = asyncio.Event()
        """Set at the next change; then another one takes its place."""
        self.listeners: set[Listener] = set()
        self._limit = limit
        self._partial: dict[str, bytes] = {}
        self._turn = asyncio.Lock()
        """Both streams share a file, and one may begin a new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    async def write(self, stream: str, data: bytes) -> int:
        """Keep what a container wrote to `stdout` or `stderr`; how many bytes that became."""
        async with self._turn:
            kept = await asyncio.to_thread(self._write, stream, data)
        self._tell()
        return kept

    async def close(self) -> None:
        """Keep what is left of an unfinished line; nothing follows."""
        async with self._turn:
            await asyncio.to_thread(self._close)
        self.ended = True
        self._tell()

    def abandon(self) -> None:
        """The run never began: nothing is written."""
        self._file.close()

    def _write(self, stream: str, data: bytes) -> int:
        before = self._partial.pop(stream, b"")
        whole, newline, rest = (before + data).rpartition(b"\n")
        prefix = b"%s %s " % (timestamp(time.time_ns()).encode(), stream.encode())
        out = _lines(prefix, whole + newline)
        while len(rest) >= LONGEST:
            out.append(prefix + b"P " + rest[:LONGEST] + b"\n")
            rest = rest[LONGEST:]
        if rest:
            self._partial[stream] = rest
        kept = b"".join(out)
        with suppress(OSError):  # A full disk loses log lines, and nothing else.
            self._file.write(kept)
            if self._file.tell() > self._limit:
                self._rotate()
        return len(kept)

    def _close(self) -> None:
        now = timestamp(time.time_ns()).encode()
        left = [b"%s %s P %s\n" % (now, stream.encode(), rest) for stream, rest in self._partial.items()]
        self._partial.clear()
        with suppress(OSError):
            self._file.write(b"".join(left))
        self._file.close()

    def _tell(self) -> None:
        news, self.news = self.news, asyncio.Event()
        news.set()

    def _rotate(self) -> None:
        """Begin a new file; one older file is kept beside it. Where that cannot be, the old one goes on."""
        beginning = self.path.with_suffix(".log.new")
        begun = beginning.open("wb", buffering=0)
        try:
            self.path.rename(rotated(self.path))
            beginning.rename(self.path)
        except OSError:
            begun.close()
            raise
        self._file.close()
        self._file = begun


def rotated(path: Path) -> Path:
    """Where the lines before those at `path` are."""
    return path.with_suffix(".log.1")


def log_path(directory: Path, container: str, run: int) -> Path:
    """Where the log of one run of a container of the pod lies."""
    return directory / "logs" / container / f"{run}.log"


def prune(directory: Path, container: str, run: int) -> None:
    """Forget the runs before the one that comes before `run`."""
    for path in (directory / "logs" / container).glob("*.log*"):
        if int(path.name.partition(".")[0]) < run - 1:
            path.unlink(missing_ok=True)


def _lines(prefix: bytes, text: bytes) -> list[bytes]:
    """Whole lines as they are kept. A guest may write nothing but line feeds: no step of ours is done once a line."""
    made: list[bytes] = []
    done = 0
    for found in _TOO_LONG.finditer(text):
        made += [_short_lines(prefix, text[done : found.start()]), *_parts(prefix, found[0])]
        done = found.end() + 1
    return [*made, _short_lines(prefix, text[done:])]


def _short_lines(prefix: bytes, text: bytes) -> bytes:
    """Lines of which none is longer than LONGEST."""
    if not text:
        return b""
    prefix += b"F "
    return prefix + text[:-1].replace(b"\n", b"\n" + prefix) + b"\n"


def _parts(prefix: bytes, line: bytes) -> list[bytes]:
    """A whole line, in pieces of at most LONGEST."""
    made: list[bytes] = []
    while len(line) > LONGEST:
        made.append(prefix + b"P " + line[:LONGEST] + b"\n")
        line = line[LONGEST:]
    return [*made, prefix + b"F " + line + b"\n"]


def timestamp(nanoseconds: int) -> str:
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def keeper(log: Log, pace: Pace) -> Callable[[str, bytes], Awaitable[None]]:
    """What `pipes.carry` gives a container's output to: into the log and to who attached, no faster than `pace`."""

    async def keep(stream: str, data: bytes) -> None:
        kept = await log.write(stream, data)
        for listener in tuple(log.listeners):
            await listener(stream, data)
        await pace.rest(kept)

    return keep
