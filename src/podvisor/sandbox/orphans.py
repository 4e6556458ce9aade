"""What of sandboxes runs on after whoever owned them, and how it is ended.

The host ends a kernel with the process that started it, and a kernel's guests with the kernel, by prctl(2)
PR_SET_PDEATHSIG and pid namespaces. What is left here is what the host cannot do: guests that forked on a host without
pid namespaces, and a kernel that was stopped before it had asked for its own end. Processes are told by what they
execute (proc(5) exe) and by a word in the environment of those that belong to a cluster.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from podvisor.sandbox.binary import NAME

OWNER = "PODVISOR_CLUSTER"
"""The environment's word for the data directory of the cluster that started a kernel."""
GUEST = "/memfd:podvisor-guest (deleted)"
"""What every guest process executes: the loader's stub."""
PATIENCE = 5.0
"""Seconds that the host may take to end a process that was killed."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the host, as far as it matters here."""

    pid: int
    parent: int
    executable: str

    @property
    def is_kernel(self) -> bool:
        """Whether it is a sandbox's kernel, or a helper that was forked from one."""
        return os.path.basename(self.executable).removesuffix(" (deleted)") == NAME


def guests() -> Sequence[Process]:
    """The guests whose kernel is gone. Such a process does nothing any more but use time and memory."""
    there = {one.pid: one for one in _processes()}
    found = (one for one in there.values() if one.executable == GUEST)
    return [one for one in found if not _rules(there.get(one.parent))]


def kernels(owner: str) -> Sequence[Process]:
    """The kernels, and their helpers, that a cluster on the data directory `owner` has started."""
    word = f"{OWNER}={owner}".encode()
    return [one for one in _processes() if one.is_kernel and word in _environment(one.pid)]


def end(found: Sequence[Process]) -> None:
    """Kill these processes, and return when they are gone."""
    for one in found:
        with suppress(ProcessLookupError, PermissionError):
            process = os.pidfd_open(one.pid)
            try:
                signal.pidfd_send_signal(process, signal.SIGKILL)
                gone = select.poll()
                gone.register(process, select.POLLIN)
                gone.poll(PATIENCE * 1000)
            finally:
                os.close(process)


def _rules(parent: Process | None) -> bool:
    """Whether a guest's parent is its kernel, which holds the stub; who inherits orphans does not."""
    if parent is None or parent.is_kernel:
        return parent is not None
    held = f"/proc/{parent.pid}/fd"
    with suppress(OSError):
        return any(os.readlink(f"{held}/{number}") == GUEST for number in os.listdir(held))
    return False


def _processes() -> Iterator[Process]:
    """This user's processes; those of everybody for root."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError, IndexError):  # It ended meanwhile, or is another user's.
                executable = os.readlink(f"/proc/{name}/exe")
                with open(f"/proc/{name}/stat", "rb") as stat:
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
                yield Process(int(name), parent, executable)


def _environment(pid: int) -> Sequence[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as environment:
            return environment.read().split(b"\0")
    except OSError:
        return ()
