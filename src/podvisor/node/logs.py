"""What containers write, kept as lines in the CRI's format and handed to those who attach.

`2026-01-02T03:04:05.000000006Z stdout F text`: time, stream, F for a whole line or P for a part of a longer one
(https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from podvisor.base.clock import Clock

LONGEST = 16 << 10
"""The longest part of a line that is kept as one."""
RATE = 32 << 20
"""Bytes a second that one container may write; beyond that it waits, and everybody else does not."""
Listener = Callable[[str, bytes], None]


class Log:
    """The log of one run of a container."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.ended = False
        self.news = asyncio.Event()
        """Set at the next change; then another one takes its place."""
        self.listeners: set[Listener] = set()
        self._limit = limit
        self._partial: dict[str, bytes] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, stream: str, data: bytes) -> None:
        """Keep what a container wrote to `stdout` or `stderr`."""
        for listener in tuple(self.listeners):
            listener(stream, data)
        before = self._partial.pop(stream, b"")
        *lines, rest = (before + data).split(b"\n")
        prefix = b"%s %s " % (timestamp(time.time_ns()).encode(), stream.encode())
        out = [part for line in lines for part in _parts(prefix, line)]
        while len(rest) >= LONGEST:
            out.append(prefix + b"P " + rest[:LONGEST] + b"\n")
            rest = rest[LONGEST:]
        if rest:
            self._partial[stream] = rest
        self._append(b"".join(out))

    def close(self) -> None:
        """Keep what is left of an unfinished line; nothing follows."""
        now = timestamp(time.time_ns()).encode()
        left = [b"%s %s P %s\n" % (now, stream.encode(), rest) for stream, rest in self._partial.items()]
        self._partial.clear()
        self.ended = True
        self._append(b"".join(left))
        self._file.close()

    def _append(self, data: bytes) -> None:
        try:
            self._file.write(data)
            if self._file.tell() > self._limit and not self.ended:
                self._rotate()
        except OSError:
            pass  # A full disk loses log lines, and nothing else.
        news, self.news = self.news, asyncio.Event()
        news.set()

    def _rotate(self) -> None:
        """Begin a new file; one older file is kept beside it."""
        self._file.close()
        self.path.rename(rotated(self.path))
        self._file = self.path.open("ab", buffering=0)


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


def keeper(log: Log, clock: Clock) -> Callable[[str, bytes], Awaitable[None]]:
    """What `pipes.carry` gives a container's output to: into the log, no faster than RATE."""

    async def keep(stream: str, data: bytes) -> None:
        log.write(stream, data)
        if len(data) >= LONGEST:
            await clock.sleep(len(data) / RATE)

    return keep
