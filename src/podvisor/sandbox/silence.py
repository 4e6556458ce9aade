"""When a kernel is taken for hung: it has been asked, and says nothing.

Decides from what the host shows of the process (proc_pid_status(5)) and from how long it has been silent. Sends and
kills nothing: the two drivers do, by what is said here, the asyncio one by way of `watchdog`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STEP = 3.0
"""Seconds between two looks at a kernel that owes an answer."""
STEPS = 5
"""How many looks in a row may find it silent. Looks are counted rather than seconds: where this whole machine or
this process was halted meanwhile, a single look is late, and the kernel still has its time."""
DISK_STEPS = 40
"""The same while it waits for the host's disk, which can be slow: fsync(2) of much stops a kernel for that long."""


def status(pid: int) -> Mapping[str, str]:
    """The fields of /proc/PID/status; none where there is no such process any more."""
    try:
        with open(f"/proc/{pid}/status") as lines:
            return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    except OSError:
        return {}


def is_too_long(steps: int, pid: int) -> bool:
    """True if a kernel is to be given up after so many looks in a row that found it silent."""
    waits_for_disk = status(pid).get("State", "").startswith("D")
    return steps >= (DISK_STEPS if waits_for_disk else STEPS)


@dataclass(slots=True)
class Suspicion:
    """Whether a kernel that nobody has asked anything deserves a ping.

    An idle pod must never wake. Whatever hangs has run before, so only one that has run since the last look is asked.
    The answer makes it run as well: the look after a ping only takes note, so that an idle pod is left alone.
    """

    pid: int
    _switches: tuple[str, ...] = ()
    _asked: bool = False

    def is_due(self) -> bool:
        """True if it is to be asked now. To be called in a slow rhythm."""
        shown = status(self.pid)
        state = shown.get("State", "")
        switches = tuple(shown.get(f"{kind}_ctxt_switches", "") for kind in ("voluntary", "nonvoluntary"))
        ran = switches != self._switches or not state.startswith("S")
        due = ran and not self._asked
        self._switches, self._asked = switches, due
        return due
