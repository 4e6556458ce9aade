"""A terminal with a person at it: runs a command on a pseudo-terminal, types, and waits for what it shows."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from types import TracebackType

from harness.runners import PATIENCE


class Keyboard:
    """A context manager around one command on one terminal of 24 by 80."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.master, self.slave = pty.openpty()
        self.shown = ""
        self.resize(24, 80)
        self.process = subprocess.Popen(
            argv,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def __enter__(self) -> "Keyboard":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def type(self, text: str) -> None:
        """Press keys; `\\r` is Enter, `\\x03` Ctrl-C."""
        os.write(self.master, text.encode())

    def sees(self, text: str) -> str:
        """Wait until the screen has shown this, and return all up to it. What was returned is not seen again."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            if not self._read(deadline):
                raise AssertionError(f"waited for {text!r} in vain; the screen shows {self.shown!r}")
        end = self.shown.index(text) + len(text)
        seen, self.shown = self.shown[:end], self.shown[end:]
        return seen

    def resize(self, rows: int, columns: int) -> None:
        """Give the window another size; its foreground process is told with SIGWINCH."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def settings(self) -> list[object]:
        """The terminal's own settings, to compare before and after."""
        return termios.tcgetattr(self.slave)

    def ends(self) -> int:
        """Wait for the command to end, and return its exit code."""
        return self.process.wait(PATIENCE)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        self.shown += os.read(self.master, 65536).decode(errors="replace")
        return True
