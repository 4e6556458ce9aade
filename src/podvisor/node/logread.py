"""Reads a container's log back, as `kubectl logs` asks for it (`PodLogOptions`)."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from podvisor.node.logs import Log, rotated

BATCH = 1 << 20
"""About how many bytes are read at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a log, and how."""

    follow: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: bytes = b""
    """Lines from this time on, written as the log writes it."""
    limit: int | None = None
    """At most this many bytes."""


def wanted(query: Mapping[str, str], now: datetime) -> Wanted:
    """The request's query. Raises ValueError for what is no number or no time."""
    since = ""
    if text := query.get("sinceTime", ""):
        moment = datetime.fromisoformat(text)
        since = f"{moment - (moment.utcoffset() or timedelta()):%Y-%m-%dT%H:%M:%S.%f}"
    if seconds := query.get("sinceSeconds"):
        since = f"{_before(now, int(seconds)):%Y-%m-%dT%H:%M:%S.%f}"
    return Wanted(
        follow=query.get("follow", "") in ("true", "1"),
        timestamps=query.get("timestamps", "") in ("true", "1"),
        tail=_count(query["tailLines"]) if "tailLines" in query else None,
        since=since.encode(),
        limit=_count(query["limitBytes"]) if "limitBytes" in query else None,
    )


def _count(text: str) -> int:
    """A number of lines or bytes; no log has more than fit into 63 bits."""
    return min(int(text), sys.maxsize)


def _before(now: datetime, seconds: int) -> datetime:
    """So many seconds ago, or the beginning of the calendar."""
    try:
        return now - timedelta(seconds=seconds)
    except OverflowError:
        return datetime(1000, 1, 1, tzinfo=UTC)


async def read(path: Path, log: Log | None, ask: Wanted) -> AsyncGenerator[bytes]:
    """The log's text, piece by piece; with `follow` until the container has ended."""
    left = ask.limit
    async for lines in _lines(path, log, ask):
        text = b"".join(_text(line, ask) for line in lines)
        if left is not None:
            text, left = text[:left], left - len(text)
        if text:
            yield text
        if left is not None and left <= 0:
            return


async def _lines(path: Path, log: Log | None, ask: Wanted) -> AsyncGenerator[Iterable[bytes]]:
    """Batches of raw lines: those that are there, and then those that come."""
    with path.open("rb") as file:
        older = rotated(path)
        if ask.tail is not None:
            yield await asyncio.to_thread(_tail, older, file, ask.tail)
        else:
            if older.exists():
                with older.open("rb") as before:
                    while batch := await asyncio.to_thread(before.readlines, BATCH):
                        yield batch
            while batch := await asyncio.to_thread(file.readlines, BATCH):
                yield batch
        if ask.follow and log is not None:
            async for batch in _followed(file, log):
                yield batch


def _tail(older: Path, file: BinaryIO, count: int) -> Iterable[bytes]:
    """The last lines of the two files; leaves the newer one at its end."""
    last: deque[bytes] = deque(maxlen=count)
    if older.exists():
        with older.open("rb") as before:
            last.extend(before)
    last.extend(iter(file.readline, b""))
    return last


async def _followed(file: BinaryIO, log: Log) -> AsyncGenerator[list[bytes]]:
    """What is written from here on, also after the log has begun a new file."""
    opened: BinaryIO | None = None
    try:
        while True:
            news, ended = log.news, log.ended
            current = opened or file
            # Asked first: what has been replaced is complete, and read to its end below.
            replaced = await asyncio.to_thread(_replaced, current, log.path)
            while batch := await asyncio.to_thread(current.readlines, BATCH):
                yield batch
            if replaced:
                if opened is not None:
                    opened.close()
                opened = log.path.open("rb")
            elif ended:
                return
            else:
                await news.wait()
    finally:
        if opened is not None:
            opened.close()


def _replaced(file: BinaryIO, path: Path) -> bool:
    """Whether another file is at the path by now."""
    return path.exists() and not os.path.samestat(os.fstat(file.fileno()), path.stat())


def _text(raw: bytes, ask: Wanted) -> bytes:
    """One line without, or with only the time of, what the format puts before it."""
    time, _, rest = raw.partition(b" ")
    _, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    if ask.since and time < ask.since:
        return b""
    body = text if tag == b"F" else text.removesuffix(b"\n")
    return time + b" " + body if ask.timestamps else body
