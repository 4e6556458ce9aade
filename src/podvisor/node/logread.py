"""Reads a container's log back, as `kubectl logs` asks for it."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from podvisor.node.logs import Log


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a log, and how (`PodLogOptions`)."""

    follow: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: str = ""
    """Lines from this time on, in RFC 3339, UTC."""
    limit: int | None = None
    """At most this many bytes."""


def wanted(query: Mapping[str, str], now: datetime) -> Wanted:
    """The request's query."""
    since = query.get("sinceTime", "")
    if seconds := query.get("sinceSeconds"):
        since = (now - timedelta(seconds=int(seconds))).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return Wanted(
        follow=query.get("follow", "") in ("true", "1"),
        timestamps=query.get("timestamps", "") in ("true", "1"),
        tail=int(query["tailLines"]) if "tailLines" in query else None,
        since=since.removesuffix("Z"),
        limit=int(query["limitBytes"]) if "limitBytes" in query else None,
    )


async def read(path: Path, log: Log | None, ask: Wanted) -> AsyncGenerator[bytes]:
    """The log's text, piece by piece; with `follow` until the container has ended."""
    left = ask.limit
    async for raw in _raw(path, log, ask):
        text = _text(raw, ask)
        if left is not None:
            text, left = text[:left], left - len(text)
        if text:
            yield text
        if left is not None and left <= 0:
            return


async def _raw(path: Path, log: Log | None, ask: Wanted) -> AsyncGenerator[bytes]:
    if not path.exists():
        return
    with path.open("rb") as file:
        present = file.read().splitlines(keepends=True)
        if ask.tail is not None:
            present = present[-ask.tail :] if ask.tail else []
        for line in present:
            yield line
        while ask.follow and log is not None:
            ended = log.ended
            for line in iter(file.readline, b""):
                yield line
            if ended:
                return
            async with log.changed:
                if not log.ended and file.tell() == path.stat().st_size:
                    await log.changed.wait()


def _text(raw: bytes, ask: Wanted) -> bytes:
    """One line without, or with only the time of, what the format puts before it."""
    time, _, rest = raw.partition(b" ")
    _, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    if ask.since and time.decode().removesuffix("Z") < ask.since:
        return b""
    body = text if tag == b"F" else text.removesuffix(b"\n")
    return time + b" " + body if ask.timestamps else body


def runs(directory: Path) -> Iterator[int]:
    """The numbers of the runs whose logs are kept, oldest first."""
    return iter(sorted(int(one.stem) for one in directory.glob("*.log")))
