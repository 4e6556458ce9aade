"""A container's last words: its termination message file, or the end of its log where it asked for that.

https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

from contextlib import suppress
from pathlib import Path

from podvisor.node import objects

FILE_BYTES = 4096
LOG_BYTES = 2048
LOG_LINES = 80


def termination_message(directory: Path, container: objects.Container, log: Path, code: int) -> str:
    """What the container has left, given its exit code."""
    path = directory / "messages" / container.name
    text = b""
    with suppress(FileNotFoundError), path.open("rb") as file:
        text = file.read(FILE_BYTES)
    if not text and code and container.termination_message_policy == "FallbackToLogsOnError" and log.exists():
        text = _end(log)
    return text.decode(errors="replace")


def _end(log: Path) -> bytes:
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - LOG_BYTES * 4, 0))
        lines = file.read().splitlines(keepends=True)
    whole = lines[1:] if size > LOG_BYTES * 4 else lines
    return b"".join(map(_text, whole[-LOG_LINES:]))[-LOG_BYTES:]


def _text(line: bytes) -> bytes:
    """What the container wrote of a line as the log keeps it: a part (P) of one has no line feed of its own."""
    _, _, tag, text = line.split(b" ", 3)
    return text if tag == b"F" else text.removesuffix(b"\n")
