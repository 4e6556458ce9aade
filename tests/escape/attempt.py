"""The shape of an attempt: a program that runs inside, and reports what it gained."""

from dataclasses import dataclass

PRELUDE = """
import ctypes, errno, mmap, os, resource, signal, socket, struct, subprocess, sys, time
gained = []
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    "A system call by its number: its value, or the name of its error."
    words = [a if isinstance(a, (bytes, ctypes.Array)) else ctypes.c_long(a) for a in arguments]
    value = libc.syscall(ctypes.c_long(number), *words)
    return errno.errorcode.get(ctypes.get_errno(), str(ctypes.get_errno())) if value == -1 else value

def refused(what, result, *errors):
    "Note a gain unless the call failed; with `errors`, unless it failed with one of them."
    if not isinstance(result, str) or errors and result not in errors:
        gained.append(f"{what}: {result}")

def fails(what, action):
    "Note a gain unless `action` raises OSError."
    try:
        result = action()
    except OSError:
        return
    gained.append(f"{what}: {result!r}")

def run(code):
    "Machine code in a page of its own; what is in eax afterwards."
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex(code))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()

def in_child(action):
    "How a child that does this ends: its exit code, or minus the signal that killed it."
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""

POSTLUDE = """
print("\\n".join(gained) or "nothing")
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A Python program, run after `PRELUDE`, that appends to `gained` whatever it should not have got."""

    name: str
    program: str
    flags: tuple[str, ...] = ()
    """Further flags of `podvisor run`."""
    may_be_killed: bool = False
    """True where a limit may end the program instead of refusing it."""

    def __str__(self) -> str:
        return self.name

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that runs it."""
        return ("/usr/bin/python3", "-c", PRELUDE + self.program + POSTLUDE)
