"""A hostile guest harms its own sandbox only, which ends with a clear reason while another goes on."""

import subprocess

import pytest

from harness import Sandboxed
from harness.catalogue.garbage import GARBAGE
from harness.runners import podvisor


@pytest.fixture
def neighbour():
    """A sandbox beside the hostile one; afterwards it must still answer."""
    with subprocess.Popen([podvisor(), "run", "--", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield
        stdout, _ = process.communicate(b"still here\n")
    assert (stdout, process.returncode) == (b"still here\n", 0)


@pytest.mark.usefixtures("neighbour")
class TestBesideANeighbour:
    def test_forking_without_end_meets_the_process_limit(self, sandboxed: Sandboxed):
        script = "mkfifo never; exec 3<>never; f() { f | f & }; f 2>/dev/null; read -rt 1 <&3; echo ended"
        outcome = sandboxed.run("--pids", "64", "--", "bash", "-c", script)
        assert outcome.stdout == "ended\n"

    def test_one_fork_beyond_the_limit_is_eagain(self, sandboxed: Sandboxed):
        script = """
import os, time
n = 0
try:
    while os.fork(): n += 1
    time.sleep(1000)
except BlockingIOError as error:
    print(n, error.strerror)
"""
        outcome = sandboxed.run("--pids", "20", "--", "/usr/bin/python3", "-c", script)
        assert outcome.stdout == "19 Resource temporarily unavailable\n"

    def test_allocating_without_end_is_killed_for_memory(self, sandboxed: Sandboxed):
        script = "x = []\nwhile True: x.append(bytearray(b'x' * (1 << 20)))"
        outcome = sandboxed.run("--memory", "64m", "--", "/usr/bin/python3", "-c", script)
        assert outcome.code == 137 or "MemoryError" in outcome.stderr
        if outcome.code == 137:
            assert "memory limit" in outcome.stderr

    def test_only_the_process_over_the_memory_limit_is_killed(self, sandboxed: Sandboxed):
        script = """
/usr/bin/python3 -c "
x = []
while True: x.append(bytearray(b'x' * (1 << 20)))" 2>/dev/null
test $? -ne 0 && echo lives
"""
        assert sandboxed.shell(script, "--memory", "96m").stdout == "lives\n"

    def test_filling_the_disk_is_an_error_or_the_memory_limit(self, sandboxed: Sandboxed):
        outcome = sandboxed.shell(
            "cat /dev/zero >/tmp/big; echo ended; rm /tmp/big; echo ok >/tmp/x; cat /tmp/x", "--memory", "64m"
        )
        assert outcome.stdout.endswith("ok\n") or outcome.code == 137

    def test_writing_without_end_ends_with_its_reader(self):
        script = '"$1" run -- sh -c "yes & yes & yes" | head -c 10000000 | wc -c'
        told = subprocess.run(["sh", "-c", script, "sh", podvisor()], capture_output=True, text=True, check=True)
        assert told.stdout == "10000000\n"

    def test_opening_without_end_meets_the_descriptor_limit(self, sandboxed: Sandboxed):
        script = "import os\nwhile True: os.open('/dev/null', 0)"
        outcome = sandboxed.run("--", "/usr/bin/python3", "-c", script)
        assert "Too many open files" in outcome.stderr

    def test_ignoring_every_signal_does_not_outlive_the_command(self):
        script = "trap '' TERM INT HUP QUIT USR1 USR2; echo ready; while :; do sleep 1000; done"
        with subprocess.Popen([podvisor(), "run", "--", "bash", "-c", script], stdout=subprocess.PIPE, text=True) as it:
            assert it.stdout is not None
            assert it.stdout.readline() == "ready\n"
            it.terminate()
            it.kill()
            assert it.stdout.read() == ""

    @pytest.mark.parametrize("seed", range(4))
    def test_garbage_in_every_system_call_ends_this_sandbox_at_most(self, sandboxed: Sandboxed, seed: int):
        outcome = sandboxed.run("--pids", "64", "--memory", "256m", "--", "/usr/bin/python3", "-c", GARBAGE, str(seed))
        assert outcome.code != 70
        assert "invariant" not in outcome.stderr
        assert "panicked" not in outcome.stderr
