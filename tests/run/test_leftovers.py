"""Nothing is left on the host afterwards, however a sandbox ends."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from harness import leftovers
from harness.runners import PATIENCE, podvisor

BUSY = """
for i in 1 2 3; do (trap '' TERM HUP INT; while :; do sleep 1000; done) & done
setsid sh -c 'sleep 1000' &
/usr/bin/python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("/tmp/s"); s.listen()
m = open("/dev/shm/m", "w")
print("ready", flush=True)
time.sleep(1000)' &
read -r what
exit 5
"""

Sandbox = subprocess.Popen[str]


def started(script: str) -> Sandbox:
    """A sandbox whose script has printed `ready`."""
    process = subprocess.Popen(
        [podvisor(), "run", "--", "bash", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go_on(process: Sandbox) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def kill_the_kernel(process: Sandbox) -> None:
    os.kill(leftovers.processes_below(process.pid)[0].pid, signal.SIGKILL)


@pytest.mark.parametrize(
    ("end", "code"),
    [(go_on, 5), (Sandbox.kill, -9), (kill_the_kernel, 125)],
    ids=["the first process exits", "the command is killed", "the kernel is killed"],
)
def test_nothing_is_left_after(end: Callable[[Sandbox], None], code: int):
    before = leftovers.things()
    with started(BUSY) as process:
        below = leftovers.processes_below(process.pid)
        assert len(below) > 6
        end(process)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert leftovers.left(below, before) == ([], set())


def test_after_a_guest_is_killed_from_the_host_the_kernel_goes_on():
    before = leftovers.things()
    with started("sleep 1000 & echo ready; wait $!; echo status $?") as process:
        below = leftovers.processes_below(process.pid)
        os.kill(below[-1].pid, signal.SIGKILL)
        stdout, _ = process.communicate(timeout=PATIENCE)
    assert (stdout, process.returncode) == ("status 137\n", 0)
    assert leftovers.left(below, before) == ([], set())


def test_nothing_is_left_after_a_program_that_cannot_be_started():
    before = leftovers.things()
    assert subprocess.run([podvisor(), "run", "--", "no-such"], capture_output=True, check=False).returncode == 127
    assert leftovers.left([], before) == ([], set())
