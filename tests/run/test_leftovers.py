"""Nothing is left on the host afterwards, however a sandbox ends."""

import os
import signal
import subprocess
import uuid

import pytest

from harness import leftovers
from harness.runners import podvisor

BUSY = """
for i in 1 2 3; do (trap '' TERM HUP INT; while :; do sleep 1000; done) & done
setsid sh -c 'sleep 1000' &
/usr/bin/python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX); s.bind("/tmp/s"); s.listen()
m = open("/dev/shm/m", "w")
time.sleep(1000)' &
echo ready
read -r what
exit 5
"""


@pytest.fixture
def mark() -> str:
    return f"mark-{uuid.uuid4().hex}"


def busy(mark: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [podvisor(), "run", "--", "bash", "-c", BUSY, mark], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kernel_of(process: subprocess.Popen[str]) -> int:
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        return int(file.read().split()[0])


def guests_of(kernel: int) -> list[int]:
    """Every process below the kernel, as the host numbers them."""
    found: list[int] = []
    for task in os.listdir(f"/proc/{kernel}/task"):
        with open(f"/proc/{kernel}/task/{task}/children") as file:
            for child in map(int, file.read().split()):
                found += [child, *guests_of(child)]
    return found


def test_after_the_first_process_exits(mark: str):
    before = leftovers.traces(mark)
    with busy(mark) as process:
        process.communicate("go\n")
    assert process.returncode == 5
    assert leftovers.settled(mark, before).nothing


def test_after_the_command_is_killed(mark: str):
    before = leftovers.traces(mark)
    with busy(mark) as process:
        process.kill()
    assert leftovers.settled(mark, before).nothing


def test_after_the_kernel_is_killed_its_guests_are_gone_and_the_command_says_so(mark: str):
    before = leftovers.traces(mark)
    with busy(mark) as process:
        kernel = kernel_of(process)
        assert guests_of(kernel)
        os.kill(kernel, signal.SIGKILL)
    assert process.returncode == 125
    assert leftovers.settled(mark, before).nothing


def test_after_a_guest_is_killed_from_the_host_the_kernel_goes_on(mark: str):
    before = leftovers.traces(mark)
    script = "sleep 1000 & echo ready; wait $!; echo status $?"
    with subprocess.Popen(
        [podvisor(), "run", "--", "bash", "-c", script, mark], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        sleeper = next(pid for pid in guests_of(kernel_of(process)) if "sleep" in command_of(pid))
        os.kill(sleeper, signal.SIGKILL)
        stdout, _ = process.communicate()
    assert (stdout, process.returncode) == ("status 137\n", 0)
    assert leftovers.settled(mark, before).nothing


def command_of(pid: int) -> str:
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read().replace(b"\0", b" ").decode()


def test_after_a_program_that_cannot_be_started(mark: str):
    before = leftovers.traces(mark)
    assert (
        subprocess.run([podvisor(), "run", "--", "no-such", mark], capture_output=True, check=False).returncode == 127
    )
    assert leftovers.settled(mark, before).nothing
