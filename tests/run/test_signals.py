"""Signals sent to `podvisor run` reach the program."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from harness import Sandboxed
from harness.runners import podvisor


def started(script: str) -> subprocess.Popen[str]:
    """A sandbox running a bash script that has printed `ready`."""
    process = subprocess.Popen(
        [podvisor(), "run", "--", "bash", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP", "QUIT", "USR1", "USR2"])
def test_a_signal_is_passed_on(name: str):
    with started(f"trap 'echo got {name}; exit 7' {name}; echo ready; while :; do read -r -t 1; done") as process:
        process.send_signal(getattr(signal, f"SIG{name}"))
        assert process.stdout is not None
        assert process.stdout.read() == f"got {name}\n"
    assert process.returncode == 7


def test_a_program_that_does_not_catch_term_ends_with_143():
    with started("echo ready; exec sleep 1000") as process:
        process.terminate()
    assert process.returncode == 143


def test_the_first_process_ignores_its_own_signals_without_a_handler(sandboxed: Sandboxed):
    """pid_namespaces(7): from inside, init is sent only what it has a handler for."""
    outcome = sandboxed.shell("kill -TERM $$; kill -KILL $$; echo survived")
    assert (outcome.stdout, outcome.code) == ("survived\n", 0)


def test_signals_ignored_by_the_caller_stay_ignored():
    script = 'trap "" INT; exec "$1" run -- sh -c "echo ready; read -r x; echo $x"'
    with subprocess.Popen(
        ["sh", "-c", script, "sh", podvisor()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        process.stdin.write("line\n")
        process.stdin.flush()
        assert process.wait() == 0


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_the_second_signal_that_asks_for_the_end_brings_it_whatever_the_program_does(name: str):
    number = getattr(signal, f"SIG{name}")
    with started("trap 'echo ignored' INT TERM; echo ready; while :; do read -r -t 1; done") as process:
        process.send_signal(number)
        assert process.stdout is not None
        assert process.stdout.readline() == "ignored\n"
        process.send_signal(number)
        assert process.wait(30) == 128 + number


def test_a_kernel_that_is_halted_does_not_keep_the_command_from_ending():
    with started("echo ready; exec sleep 1000") as process:
        (kernel,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        os.kill(kernel, signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
