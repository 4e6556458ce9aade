"""Whether this machine can run pods, found out by running the smallest one there is.

A host that lacks something should say so when a cluster starts, and not at somebody's first pod. What can be lacking,
and what to do about it, the kernel says itself (docs/control-protocol.md, `Host`).
"""

import os
import struct

from podvisor.cluster.errors import HostLacks
from podvisor.sandbox import driver, errors, spec

PROBE = "/probe"


async def probe() -> str:
    """Start a sandbox with a program in it, and end it. What walls pods have here, in a few words. Raises HostLacks."""
    try:
        async with driver.Sandbox() as sandbox:
            await sandbox.create(spec.Pod("probe"))
            layer = spec.FileLayer(PROBE, program(), 0o755)
            process = spec.Process((PROBE,), spec.Streams(), user="0")
            running = await sandbox.start(spec.Container("probe", spec.Root((layer,)), process))
            walls = _walls(sandbox.pid)
            ended = await running.exited
    except (errors.SandboxError, OSError) as error:
        raise HostLacks(f"this machine cannot run pods: {error}") from error
    if ended.status != 0:
        raise HostLacks(f"this machine cannot run pods: a trial program ended with {ended.status} and not with 0")
    return walls


def program() -> str:
    """An x86-64 program that exits with 0 (elf(5)), as text: its bytes are all below 128."""
    code = b"\x6a\x3c\x58\x6a\x00\x5f\x0f\x05"  # push 60; pop rax; push 0; pop rdi; syscall
    base, header, entry, size = 0x10000, 64, 56, 256
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    elf = ident + struct.pack(
        "<HHIQQQIHHHHHH", 2, 62, 1, base + header + entry, header, 0, 0, header, entry, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return (elf + segment + code).ljust(size, b"\0").decode("ascii")


def _walls(kernel: int) -> str:
    """Whether the host let the kernel's process have namespaces of its own."""
    separate = os.readlink(f"/proc/{kernel}/ns/net") != os.readlink("/proc/self/ns/net")
    return "works, with namespaces" if separate else "works, without namespaces: filters and Landlock"
