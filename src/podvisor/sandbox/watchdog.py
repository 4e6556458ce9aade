"""Following the conversation with a kernel on an asyncio loop, so that one that hangs is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from podvisor.sandbox import silence


class Watchdog:
    """Follows the conversation with one kernel on the running loop, and calls `hung` once it is given up.

    Looks only while something was asked that has not been answered, or was asked and then cancelled.
    """

    def __init__(
        self, pid: int, *, owes: Callable[[], bool], ping: Callable[[], None], hung: Callable[[], None]
    ) -> None:
        """`owes` is asked whether there are requests that are still to be answered."""
        self._pid = pid
        self._owes = owes
        self._ping = ping
        self._hung = hung
        self._timer: asyncio.TimerHandle | None = None
        self._heard = False
        self._silent = 0

    def asked(self) -> None:
        """Something was sent that the kernel has to answer."""
        self._heard = False
        if self._timer is None:
            self._silent = 0
            self._later()

    def heard(self) -> None:
        """The kernel has said something."""
        self._heard = True

    def close(self) -> None:
        """The conversation is over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _later(self) -> None:
        self._heard = False
        self._timer = asyncio.get_running_loop().call_later(silence.STEP, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._heard and not self._owes():
            return
        self._silent = 0 if self._heard else self._silent + 1
        if self._silent == 1:
            self._ping()
        if silence.is_too_long(self._silent, self._pid):
            self._hung()
        else:
            self._later()
