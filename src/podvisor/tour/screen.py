"""What the tour says: acts, and in them steps that are told while they run and once more when they have ended.

On a terminal in colour and with a line that moves while a step runs; elsewhere one plain line for each step.
"""

import os
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from podvisor import sdk
from podvisor.base import tasks
from podvisor.base.clock import Clock

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
PLAIN_SPINNER = "|/-\\"
"""Where the terminal's encoding lacks the other."""
FRAME = 0.08
"""Seconds for which one picture of the spinner stays."""
PLAIN_WIDTH = 140
"""How long lines become where there is no terminal to fit them into."""
TITLE = 44
_PREFIX = len("  FAIL ") + TITLE + 2 + 9 + 2
"""What stands in front of what a step said."""


class Wrong(Exception):
    """A step did not do what it should; the text says what came instead."""


FAILURES = (Wrong, sdk.errors.ApiError, sdk.errors.Unreachable, TimeoutError, OSError)
"""What ends one step and not the tour."""


@dataclass(slots=True)
class Step:
    """A step that runs."""

    note: str = ""
    """What it waits for, for those who watch."""
    said: str = ""
    """What came of it, in a few words."""
    figure: str = ""
    """Told in place of the time that it took."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Escape sequences, or nothing."""

    bold: str = ""
    green: str = ""
    red: str = ""
    dim: str = ""
    plain: str = ""


TERMINAL = Colours("\033[1m", "\033[32m", "\033[31m", "\033[2m", "\033[0m")


class Screen:
    """Tells acts and steps, and counts the steps that failed."""

    def __init__(self, clock: Clock, *, terminal: bool) -> None:
        self.failures = 0
        self.steps = 0
        self._clock = clock
        self._terminal = terminal
        self._colours = TERMINAL if terminal and "NO_COLOR" not in os.environ else Colours()

    def act(self, title: str) -> None:
        """Begin a new part."""
        self._write(f"\n{self._colours.bold}{title}{self._colours.plain}\n")

    def remark(self, text: str) -> None:
        """A line beside the steps."""
        self._write(f"  {self._colours.dim}{self._cut(text, 2)}{self._colours.plain}\n")

    def row(self, good: bool, title: str, figure: str, said: str) -> None:
        """Tell a step that has ended."""
        self._clear()
        self.steps += 1
        self.failures += not good
        colours = self._colours
        mark = f"{colours.green}ok{colours.plain}  " if good else f"{colours.red}FAIL{colours.plain}"
        told = self._cut(said, _PREFIX) if good else " ".join(said.split())
        self._write(f"  {mark} {_fitted(title, TITLE):{TITLE}}  {figure:>9}  {colours.dim}{told}{colours.plain}\n")

    @asynccontextmanager
    async def step(self, title: str) -> AsyncGenerator[Step]:
        """Tell a step while the block runs, and how it ended; a failure ends the block and not the tour."""
        step, began = Step(), self._clock.monotonic()
        try:
            async with tasks.background() as scope:
                if self._terminal:
                    scope.start(self._animate(title, step), name="spinner")
                yield step
        except FAILURES as error:
            why = str(error) or f"nothing came of it in time; {step.note}"
            self._ended(False, title, self._since(began), why)
        else:
            self._ended(True, title, step.figure or self._since(began), step.said)

    def _ended(self, good: bool, title: str, figure: str, said: str) -> None:
        self.row(good, title, figure, said)

    async def _animate(self, title: str, step: Step) -> None:
        began, frame = self._clock.monotonic(), 0
        pictures = SPINNER if _can_say(SPINNER) else PLAIN_SPINNER
        while True:
            frame += 1
            picture = pictures[frame % len(pictures)]
            note = self._cut(step.note, _PREFIX)
            self._write(f"\r\033[K  {picture}    {title:{TITLE}}  {self._since(began):>9}  {note}")
            await self._clock.sleep(FRAME)

    def _since(self, began: float) -> str:
        return f"{self._clock.monotonic() - began:.2f} s"

    def _clear(self) -> None:
        if self._terminal:
            self._write("\r\033[K")

    def _cut(self, text: str, used: int) -> str:
        """In one line, and no longer than there is room for."""
        width = shutil.get_terminal_size().columns - 1 if self._terminal else PLAIN_WIDTH
        line, room = ", ".join(part.strip() for part in text.strip().splitlines()), max(width - used, 20)
        return _fitted(line, room)

    def _write(self, text: str) -> None:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))  # a program may say anything
        sys.stdout.flush()


def _fitted(line: str, room: int) -> str:
    return line if len(line) <= room else line[: room - 3] + "..."


def _can_say(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True
