"""What the host can do for a pod's limits beside what the pod's own kernel does.

The kernel keeps every limit by itself, on every host. A pod that may use little of the processor also gets little
weight when processors are scarce, so that others wait less for it, sched(7). And where there is a memory cgroup for
it, a group around the pod is a second belt: it bounds also what no look from user space sees, such as buffers of the
host's own kernel. It is wider than the limit, so that the kernel, which knows whom to end, comes first.
"""

import asyncio
import math
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from podvisor.base.clock import Clock
from podvisor.node.memory_group import MemoryGroup, Parent

STEP = 1.25
"""How much less weight a task has for each step that it is nicer."""
NICEST = 19
WIDER = 1.1
BASE = 32 << 20
"""By how much a group is wider than the limit: a tenth, and what kernel and helpers take without any guest."""
TRIES, PAUSE = 100, 0.02
"""How often and after which seconds a group is tried to be removed: processes that were killed take a while to end."""


def niceness(cpus: float | None) -> int:
    """How nice a pod is that may use so many processors; 0 for one without a limit, or with a whole one."""
    if cpus is None or cpus >= 1:
        return 0
    return min(NICEST, round(math.log(1 / cpus, STEP))) if cpus > 0 else NICEST


def be_nice(pid: int, cpus: float | None) -> None:
    """Give a kernel that has no guests yet, and all that it will make, the weight that is due."""
    own = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, min(NICEST, own + niceness(cpus)))


def bound(group: MemoryGroup | None, pid: int, limit: int | None) -> None:
    """Put a kernel that has no guests yet into its group, and let that be as wide as the pod's limit wants it."""
    if group is None or limit is None:
        return
    with suppress(OSError):
        group.bound(int(limit * WIDER) + BASE)
        group.add(pid)


@asynccontextmanager
async def group(parent: Parent | None, name: str, clock: Clock) -> AsyncGenerator[MemoryGroup | None]:
    """A memory cgroup until the end, where there can be one; what is in it has to end before."""
    try:
        made = parent.make(name) if parent is not None else None
    except OSError:
        made = None
    try:
        yield made
    finally:
        if made is not None:
            await asyncio.shield(_remove(made, clock))


async def _remove(group: MemoryGroup, clock: Clock) -> None:
    for _ in range(TRIES):
        if group.remove():
            return
        await clock.sleep(PAUSE)
