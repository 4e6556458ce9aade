"""The two walls: which host calls guest code can reach, and that every other call arrives at our kernel instead."""

import signal
import subprocess
from dataclasses import dataclass

import pytest

from harness.runners import podvisor
from podvisor.images import host
from podvisor.sandbox import binary, protocol, spec
from podvisor.sandbox.process import Sandbox

LAST_NUMBER = 599
"""Well beyond the last call that any Linux has."""

EVERY_CALL = f"""
import ctypes, os, signal
PAUSE = 34
libc = ctypes.CDLL(None)
for number in range({LAST_NUMBER} + 1):
    child = os.fork()
    if child == 0:
        if number == PAUSE:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
        libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        os._exit(0)
    os.waitpid(child, 0)
"""

OTHER_ARCHITECTURES = """
import ctypes, mmap, os
def run(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
print(run(bytes.fromhex('b814000000cd80c3')), ctypes.CDLL(None).syscall(ctypes.c_long(0x40000027)))
"""
"""getpid by the entry of 32-bit programs, `mov eax, 20; int 0x80; ret`, and by that of x32."""


@dataclass(frozen=True)
class Reach:
    """The lines of `podvisor-sandbox calls`: names by who can make them, and guests' with their condition."""

    guest: dict[str, str]
    unfiltered: set[str]
    checked: set[str]
    kernel: set[str]
    switch: dict[str, str]


@pytest.fixture(scope="module")
def reach() -> Reach:
    listed = subprocess.run([binary.find(), "calls"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in listed.splitlines() if line and not line.startswith("#")]
    return Reach(
        guest={row[1]: row[2] for row in rows if row[0] == "guest"},
        unfiltered={row[1] for row in rows if row[0] == "unfiltered"},
        checked={row[1] for row in rows if row[0] == "checked"},
        kernel={row[1] for row in rows if row[0] == "kernel"},
        switch={row[1]: row[2] if len(row) > 2 else "" for row in rows if row[0] == "switch"},
    )


def counted(script: str) -> dict[str, int]:
    """How often each call arrived at our kernel while a guest ran `script`, by name, or number without one."""
    process = spec.Process(args=("/usr/bin/python3", "-c", script), stdio=spec.Streams(None, None, 2))
    with Sandbox() as sandbox:
        sandbox.create(spec.Pod("walls"))
        sandbox.start(spec.Container("main", host.root(), process))
        while not any(isinstance(event, protocol.Exited) and event.init for event in sandbox.events()):
            sandbox.receive()
        return sandbox.stats()["kernel"]["calls"]


def test_every_call_that_is_not_listed_arrives_at_our_kernel(reach: Reach):
    names = subprocess.run([binary.find(), "numbers"], capture_output=True, text=True, check=True).stdout
    named = dict(line.split("\t") for line in names.splitlines())
    arrived = counted(EVERY_CALL)
    wanted = [named.get(str(number), str(number)) for number in range(LAST_NUMBER + 1)]
    beside = reach.guest.keys() | reach.unfiltered
    assert [name for name in wanted if name not in beside and not arrived.get(name)] == []


def test_nothing_that_takes_a_path_a_descriptor_or_another_process_is_listed(reach: Reach):
    assert set(reach.guest) == {
        "futex", "rt_sigprocmask", "mmap", "munmap", "mprotect", "brk", "madvise", "mremap", "rt_sigaction",
        "rt_sigreturn", "sigaltstack", "rt_sigpending", "sched_yield", "set_robust_list", "rseq", "arch_prctl",
        "membarrier", "restart_syscall", "exit_group",
    }  # fmt: skip
    assert {name for name, condition in reach.guest.items() if condition != "always"} == {
        "futex",
        "mmap",
        "madvise",
        "rt_sigaction",
        "arch_prctl",
    }


def test_what_the_host_lets_past_every_filter_ends_the_guest(reach: Reach):
    script = "import ctypes; ctypes.CDLL(None).syscall(ctypes.c_long({}), 0, 0, 0, 0, 0, 0)"
    assert reach.unfiltered == {"uretprobe", "uprobe"}
    for number in (335, 336):
        outcome = subprocess.run(
            [podvisor(), "run", "--", "/usr/bin/python3", "-c", script.format(number)], check=False
        )
        assert outcome.returncode in (0, 128 + signal.SIGILL)


def test_the_kernel_itself_opens_no_socket_and_starts_no_program(reach: Reach):
    refused = {"socket", "connect", "bind", "execve", "execveat", "mount", "unshare", "setns", "clone", "bpf"}
    assert not reach.kernel & refused


def test_the_switch_opens_connections_and_pairs_and_no_file(reach: Reach):
    assert {name: condition for name, condition in reach.switch.items() if condition} == {
        "socketpair": "AF_UNIX",
        "socket": "AF_INET or AF_INET6",
        "setsockopt": "level SOL_SOCKET or IPPROTO_TCP",
    }
    assert set(reach.switch) - {"socketpair", "socket", "setsockopt"} == {
        "recvmsg", "sendmsg", "connect", "accept4", "getsockname", "close", "write", "epoll_create1", "epoll_ctl",
        "epoll_wait", "epoll_pwait", "epoll_pwait2", "mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "futex",
        "clock_gettime", "getrandom", "rt_sigreturn", "rt_sigprocmask", "sigaltstack", "restart_syscall", "exit",
        "exit_group",
    }  # fmt: skip


def test_each_filter_of_ours_is_listed_with_its_requests():
    listed = subprocess.run([binary.find(), "calls"], capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in listed.splitlines() if line and not line.startswith("#")]
    assert len([row for row in rows if row[:2] == ["kernel", "ioctl"]]) == 5
    # No MSG_FASTOPEN among them: it would connect a socket.
    assert {row[2] for row in rows if row[:2] == ["kernel", "sendmsg"]} == {"flags 0x4000", "flags 0x4040"}
    assert {row[1] for row in rows if row[0] == "keeper"} == {"read", "exit_group"}
    spawner = {row[1] for row in rows if row[0] == "spawner"}
    assert {"clone", "setns", "execveat"} <= spawner
    assert not spawner & {"ptrace", "process_vm_writev", "kill", "mount", "unshare", "socket", "open"}


def test_calls_of_other_architectures_are_refused():
    outcome = subprocess.run(
        [podvisor(), "run", "--", "/usr/bin/python3", "-c", OTHER_ARCHITECTURES],
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout == "-38 -1\n"
