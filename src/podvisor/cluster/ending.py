"""Stopping a cluster, whatever state it is in, and removing what one that was killed has left.

A server ends its pods and then itself. One that does not come to it in time is killed; its pods end with it, because
the host sees to that (`sandbox.orphans`), and what the host has missed is ended here.
"""

import os
import select
import signal
from collections.abc import Callable

from podvisor.cluster.directory import Directory
from podvisor.cluster.errors import ClusterError, NotRunning
from podvisor.sandbox import orphans

Say = Callable[[str], None]

GRACE = 10.0
"""Seconds that a server has to stop before it is killed."""
LAST_GRACE = 30.0
"""Seconds that the host has to end a server that was killed."""
ROUNDS = 50
"""How often it is looked again for processes that were missed: one may fork while the others are read."""


def stop(directory: Directory, say: Say) -> None:
    """Stop the cluster on a directory; return when nothing of it is left. Raises NotRunning, ClusterError."""
    pid = directory.holder()
    if pid is not None:
        _end(directory, pid, say)
    announced = directory.forget()
    left = clear(directory)
    if pid is None and not announced and not left:
        raise NotRunning(f"no cluster runs on {directory.root}")
    if pid is None:
        say(f"the server on {directory.root} had been killed; {_counted(left)}")
    else:
        say(f"stopped; its data stays in {directory.root}")


def clear(directory: Directory) -> int:
    """End the processes that a server which was killed has left; how many there were."""
    ended = set[int]()
    for _ in range(ROUNDS):
        found = [*orphans.kernels(str(directory.root)), *orphans.guests()]
        if not found:
            break
        orphans.end(found)
        ended.update(one.pid for one in found)
    return len(ended)


def _counted(left: int) -> str:
    return f"{left} processes that it had left were ended" if left else "nothing of it was left"


def _end(directory: Directory, pid: int, say: Say) -> None:
    """Have the process that holds the directory end."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if directory.holder() == pid:
            _terminate(process, say)
    except PermissionError as error:
        raise ClusterError(f"the cluster on {directory.root} (process {pid}) belongs to another user") from error
    finally:
        os.close(process)


def _terminate(process: int, say: Say) -> None:
    """Ask it to stop, also where it was halted (SIGSTOP); then kill it."""
    signal.pidfd_send_signal(process, signal.SIGTERM)
    signal.pidfd_send_signal(process, signal.SIGCONT)
    ended = select.poll()
    ended.register(process, select.POLLIN)
    if not ended.poll(GRACE * 1000):
        say(f"the server does not stop; after {GRACE:g} s it is killed")
        signal.pidfd_send_signal(process, signal.SIGKILL)
        if not ended.poll(LAST_GRACE * 1000):
            raise ClusterError("the server does not end although it was killed, since the host keeps it in a call")
