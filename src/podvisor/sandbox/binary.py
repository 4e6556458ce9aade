"""Where `podvisor-sandbox` is, and how it is started.

$PODVISOR_SANDBOX names it where it is set. Otherwise it is looked for beside this interpreter's scripts, where the
wheel puts it, and then along PATH.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from podvisor.sandbox import errors

NAME = "podvisor-sandbox"
CONTROL_FD = 3
RUN = ("run", "--control-fd", str(CONTROL_FD))


@dataclass(frozen=True, slots=True)
class Started:
    """A running kernel process and this side's end of its control socket."""

    pid: int
    control: socket.socket


def find() -> str:
    """The path of the binary, or `BinaryMissing`."""
    if told := os.environ.get("PODVISOR_SANDBOX"):
        return told
    beside = os.path.join(os.path.dirname(sys.executable), NAME)
    for candidate in (beside, shutil.which(NAME)):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise errors.BinaryMissing(
        f"{NAME} is neither beside {sys.executable} nor in PATH; install podvisor with pip, or set PODVISOR_SANDBOX"
    )


def start(path: str, words: Sequence[str] = RUN, name: str = NAME) -> Started:
    """Start the kernel's process, or what else `words` say, with one end of a fresh control socket.

    It inherits standard error, for what it says when it breaks, and nothing else of this process. It stays in this
    process group, so that it may read the terminal, and ignores the terminal's signals itself.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        try:
            pid = os.posix_spawn(
                path,
                [name, *words],
                _environment(),
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), CONTROL_FD),
                ],
            )
        except OSError as error:
            ours.close()
            raise errors.BinaryMissing(f"cannot run {path}: {error.strerror}") from error
    return Started(pid, ours)


def _environment() -> dict[str, str]:
    """What may steer the kernel itself; nothing else of the caller's environment is its business."""
    return {name: value for name, value in os.environ.items() if name.startswith(("PODVISOR_", "RUST_"))}
