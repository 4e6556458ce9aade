"""Signals as something to poll: what arrives between `caught()` and its end can be read as numbers, in order.

Python's own handlers run only between two bytecodes, and a blocking poll would not see them; the wakeup descriptor
(`signal.set_wakeup_fd`) is written at once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

FORWARDED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
)

ENDING = (signal.SIGINT, signal.SIGTERM)
"""The second of these is not passed on: it ends whatever this process does."""


class Insisted(Exception):
    """Somebody wants this process to end, and has said so twice."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Caught:
    """The signals caught so far. Poll `fileno()`."""

    def __init__(self, reader: int) -> None:
        self._reader = reader

    def fileno(self) -> int:
        """Readable when there is something to take."""
        return self._reader

    def take(self) -> list[int]:
        """The numbers that have arrived, oldest first; does not wait."""
        with suppress(BlockingIOError):
            return [number for number in os.read(self._reader, 4096) if number in FORWARDED]
        return []


@contextmanager
def caught() -> Generator[Caught]:
    """Catch the forwarded signals instead of dying of them. For the main thread.

    The second SIGINT or SIGTERM raises Insisted, out of whatever the block is waiting in; that happens once.
    """
    ending = 0

    def take(number: int, frame: FrameType | None) -> None:
        """The wakeup descriptor has been written: there is nothing else to do for those that are passed on."""
        nonlocal ending
        if number in ENDING:
            ending += 1
            if ending == 2:
                raise Insisted(number)

    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    before_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    before = {number: signal.signal(number, take) for number in FORWARDED if not _ignored(number)}
    try:
        yield Caught(reader)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before_fd)
        os.close(reader)
        os.close(writer)


def _ignored(number: int) -> bool:
    """Whether our parent ignores a signal for us, as nohup(1) does; then it stays so."""
    return signal.getsignal(number) is signal.SIG_IGN
