"""Threads and signals that race with what the kernel does to their process: C programs of `races/`."""

import subprocess
from pathlib import Path

import pytest

from harness import Sandboxed

SOURCES = Path(__file__).with_name("races")


@pytest.fixture
def compiled(tmp_path: Path):
    """Compiles a program of `races/` for the host; answers the directory that it is in."""

    def compile_program(name: str) -> Path:
        source = SOURCES / f"{name}.c"
        subprocess.run(["gcc", "-O1", "-pthread", "-o", tmp_path / name, source], check=True)
        return tmp_path

    return compile_program


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("end_while_forking", "all were waited for\n"),
        ("play_the_stub", "never claimed\n"),
        ("poll_under_a_mask", "interrupted\n"),
        ("await_signals", "taken\n"),
    ],
)
def test_a_race_gains_nothing_and_hangs_nothing(sandboxed: Sandboxed, compiled, name: str, said: str):
    directory = compiled(name)
    outcome = sandboxed.run("--mount", f"{directory}:/mnt:ro", "--", f"/mnt/{name}")
    assert (outcome.stdout, outcome.code) == (said, 0), outcome
