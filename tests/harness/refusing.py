"""Run a command on a host that refuses namespaces: `python refusing.py COMMAND...`, also as root with all capabilities.

A seccomp filter answers unshare(2) and setns(2) with EPERM, and clone(2) with any of the flags CLONE_NEW*, as the
default profiles of container engines do.
"""

import ctypes
import errno
import os
import struct
import sys

UNSHARE, SETNS, CLONE = 272, 308, 56
NEW_NAMESPACES = 0x7E020000
LOAD, EQUAL, ANY_OF, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
NUMBER, FIRST_ARGUMENT = 0, 16
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2

PROGRAM = [
    (LOAD, 0, 0, NUMBER),
    (EQUAL, 4, 0, UNSHARE),
    (EQUAL, 3, 0, SETNS),
    (EQUAL, 0, 3, CLONE),
    (LOAD, 0, 0, FIRST_ARGUMENT),
    (ANY_OF, 0, 1, NEW_NAMESPACES),
    (RETURN, 0, 0, REFUSE),
    (RETURN, 0, 0, ALLOW),
]


def main() -> None:
    """Install the filter and become the command."""
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in PROGRAM))
    header = struct.pack("HxxxxxxQ", len(PROGRAM), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, FILTER, header, 0, 0):
        raise OSError(ctypes.get_errno(), "the host has no seccomp filters")
    os.execvp(sys.argv[1], sys.argv[1:])


main()
