"""The processes of a cluster that can be killed, and to which pod each belongs."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness import leftovers


@dataclass(frozen=True, slots=True)
class Victim:
    """A process to kill."""

    what: str
    """`server`, `kernel`, `podvisor-spawn`, `podvisor-init` or `guest`."""
    process: leftovers.Process
    pod: str = ""
    """The uid of the pod to which it belongs."""


def of_pods(server: int, data: Path) -> list[Victim]:
    """The kernels of a server's pods with their helpers and guests."""
    found: list[Victim] = []
    for kernel in leftovers.children(server):
        if pod := _pod(kernel.pid, data):
            found.append(Victim("kernel", kernel, pod))
            found += [Victim(_what(one), one, pod) for one in leftovers.processes_below(kernel.pid)]
    return found


def _what(process: leftovers.Process) -> str:
    """A helper by its name; a guest calls itself as it likes."""
    with suppress(OSError):
        name = Path(f"/proc/{process.pid}/comm").read_text().strip()
        if name.startswith("podvisor-"):
            return name
    return "guest"


def _pod(kernel: int, data: Path) -> str:
    """The pod that a kernel runs: it holds directories of that pod."""
    pods = f"{data}/node/pods/"
    with suppress(OSError):
        for held in Path(f"/proc/{kernel}/fd").iterdir():
            if (target := os.readlink(held)).startswith(pods):
                return target.removeprefix(pods).split("/")[0]
    return ""
