"""What a cluster in the background writes down: bounded, whoever may have a reason to be written about.

Anybody can make the server complain, with requests that are none. So the file is turned over when it is large, and the
same complaint is written so often in a minute; how many were left out is told with the next.
"""

import logging
import logging.handlers
import os
import time
from collections.abc import Callable
from pathlib import Path

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
LARGEST = 8 << 20
"""Bytes of the file; the one before is kept beside it, as `podvisor.log.1`."""
OFTEN = 10
"""Messages of one kind in a minute."""
_MINUTE = 60.0
_KINDS = 1000


class Sparing(logging.Filter):
    """Lets messages of one kind (logger and format) through only so often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, str(record.msg)[:200]), self._clock()
        since, count = self._seen.get(kind, (now, 0))
        if now - since >= _MINUTE:
            if count > OFTEN:
                record.msg = f"{record.msg} ({count - OFTEN} more like this before it were left out)"
            since, count = now, 0
        if len(self._seen) >= _KINDS:
            self._seen.clear()
        self._seen[kind] = since, count + 1
        return count < OFTEN


class LogFile(logging.handlers.RotatingFileHandler):
    """A log that is also where this process's own output and errors go, before and after it is turned over."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        super().__init__(path, maxBytes=largest, backupCount=1, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(logging.Formatter(FORMAT))
        self.addFilter(Sparing())
        self._redirect()

    def doRollover(self) -> None:  # the name that logging gives it
        """Turn the file over."""
        super().doRollover()
        os.chmod(self.baseFilename, 0o600)
        self._redirect()

    def _redirect(self) -> None:
        if self.stream is not None:
            for number in (1, 2):
                os.dup2(self.stream.fileno(), number)
