"""Threads and signals that race with what the kernel does to their process: C programs of `races/`."""

import os
import subprocess
from pathlib import Path

import pytest

from harness import Sandboxed
from harness.runners import podvisor

SOURCES = Path(__file__).with_name("races")


@pytest.fixture
def compiled(tmp_path: Path):
    """Compiles a program of `races/` for the host; answers the directory that it is in."""

    def compile_program(name: str) -> Path:
        source = SOURCES / f"{name}.c"
        subprocess.run(["gcc", "-O1", "-pthread", "-static", "-o", tmp_path / name, source], check=True)
        return tmp_path

    return compile_program


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("end_while_forking", "all were waited for\n"),
        ("play_the_stub", "never claimed\n"),
        ("poll_under_a_mask", "interrupted\n"),
        ("await_signals", "taken\n"),
        ("create_threads_while_signalled", "0 failed\n"),
        ("storm_of_timers", "only its own errors\n"),
        ("ignore_under_a_mask", "went on\n"),
        ("suspend_under_a_mask", "all gave it back\n"),
        ("rewrite_the_call", "heard all the time\n"),
        ("fail_a_clone", "failed alone\n"),
        ("cancel_threads", "all were reached\n"),
        ("signal_every_state", "each arrived once\n"),
        ("tell_the_sender", "all was told\n"),
    ],
)
def test_a_race_gains_nothing_and_hangs_nothing(sandboxed: Sandboxed, compiled, name: str, said: str):
    directory = compiled(name)
    outcome = sandboxed.run("--mount", f"{directory}:/mnt:ro", "--", f"/mnt/{name}")
    assert (outcome.stdout, outcome.code) == (said, 0), outcome


def test_a_full_table_of_the_kernels_leaves_no_process_that_nobody_knows(compiled):
    name = "fork_beside_a_full_table"
    run = [podvisor(), "run", "--mount", f"{compiled(name)}:/mnt:ro", "--", f"/mnt/{name}"]
    limited = ["sh", "-c", 'ulimit -n 300 && exec "$@"', "sh", *run]
    outcome = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert (outcome.stdout, outcome.returncode) == ("all are known\n", 0), outcome


def descendants(process: int) -> set[int]:
    """The ids of all processes below `process`, as far as they can be seen."""
    found: set[int] = set()
    todo = [process]
    while todo:
        parent = todo.pop()
        try:
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        new = {int(child) for child in children.split()} - found
        found |= new
        todo.extend(new)
    return found


def programs(process: int) -> set[str]:
    """What the host runs in the processes below `process`."""
    seen: set[str] = set()
    for child in descendants(process):
        try:
            seen.add(Path(os.readlink(f"/proc/{child}/exe")).name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return seen


def test_the_host_starts_no_file_of_a_guest(compiled):
    name = "exec_a_file_of_its_own"
    directory = compiled(name)
    seen: set[str] = set()
    command = [podvisor(), "run", "--mount", f"{directory}:/mnt:ro", "--", f"/mnt/{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        while running.poll() is None:
            seen |= programs(running.pid)
        stdout, _ = running.communicate()
    assert (stdout, running.returncode) == ("attacked\n", 0)
    assert "memfd:podvisor-guest (deleted)" in seen
    assert "memfd:podvisor-file (deleted)" not in seen
