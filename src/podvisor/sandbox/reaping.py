"""The end of a kernel's process: waited for, hastened where it does not come, and nothing of it left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from podvisor.sandbox import orphans

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a kernel has to end its guests and itself once its control socket is closed."""
LAST_PATIENCE = 30.0
"""Seconds that the host has to end a process that was killed; one that hangs in a call of the host's stays."""


async def reap(pid: int) -> None:
    """Take the end of a child that was told to end; one that was halted (SIGSTOP) or hangs is killed."""
    process = os.pidfd_open(pid)
    try:
        if not await _ended(process, PATIENCE):
            signal.pidfd_send_signal(process, signal.SIGKILL)
            if not await _ended(process, LAST_PATIENCE):
                log.error("process %d does not end although it was killed: the host keeps it in a call", pid)
    finally:
        os.close(process)
    _, status = os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 -- it has ended, so nothing is waited for
    if os.WIFSIGNALED(status):
        await asyncio.to_thread(_end_guests)


async def _ended(process: int, seconds: float) -> bool:
    """Wait for the end of a process, but no longer than that. Whether it came."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[bool] = loop.create_future()

    def answer(came: bool) -> None:
        if not ended.done():
            ended.set_result(came)

    loop.add_reader(process, answer, True)
    late = loop.call_later(seconds, answer, False)
    try:
        return await ended
    finally:
        loop.remove_reader(process)
        late.cancel()


def _end_guests() -> None:
    """A kernel that was killed could not end them, and the host does so only where it has pid namespaces."""
    orphans.end(orphans.guests())
