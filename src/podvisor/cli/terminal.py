"""The terminal that this process runs in: its size, and its raw mode while a guest owns the keyboard."""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Generator
from contextlib import contextmanager

DEFAULT_SIZE = (24, 80)


def size(fd: int) -> tuple[int, int]:
    """Rows and columns of the terminal at `fd`; 24 and 80 where there is none or it does not know."""
    try:
        columns, rows = os.get_terminal_size(fd)
    except OSError:
        return DEFAULT_SIZE
    return (rows, columns) if rows and columns else DEFAULT_SIZE


@contextmanager
def raw(fd: int) -> Generator[None]:
    """Hand every key on unprocessed, and restore the terminal however the block ends; without a terminal, nothing."""
    if not os.isatty(fd):
        yield
        return
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
