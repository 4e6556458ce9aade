"""What can go wrong between this process and a sandbox.

    SandboxError
        BinaryMissing       `podvisor-sandbox` is not installed
        Refused             a request was answered with an error; `kind` says which
        Ended               the kernel's process is gone
        └── Unresponsive    because it no longer answered, and was killed
        ProtocolBroken      it said something that is no message
        NotMountable        a host path is neither a directory nor a regular file
        TooManyDescriptors  a request needs more descriptors than one message carries

Each reads as one line for the user. `OSError` from opening a host path is not among them: it names the path itself.
"""

from __future__ import annotations


class SandboxError(Exception):
    """The root of this room's errors."""


class BinaryMissing(SandboxError):
    """`podvisor-sandbox` was found nowhere."""


class Refused(SandboxError):
    """The kernel's answer to a request was an error.

    `kind` is one of docs/control-protocol.md; `exit_code` is what a command line ends with, where that is defined.
    """

    def __init__(self, kind: str, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.exit_code = exit_code


class Ended(SandboxError):
    """The kernel's process is gone; `fatal` holds its last words, if it had any."""

    def __init__(self, message: str, fatal: str | None = None) -> None:
        super().__init__(message)
        self.fatal = fatal


class Unresponsive(Ended):
    """The kernel's process did not answer for too long, and was killed with all that ran in it."""


class ProtocolBroken(SandboxError):
    """The other side sent something that is no message of the protocol."""


class NotMountable(SandboxError):
    """A host path that a layer or bind mount names is neither a directory nor a regular file."""


class TooManyDescriptors(SandboxError):
    """A request names more descriptors than one message carries."""
