"""Limits hold against programs that try to get past them: C programs of `attacks/`, each with one way around."""

import subprocess
from pathlib import Path

import pytest

from harness import Sandboxed
from harness.outcome import Outcome

SOURCES = Path(__file__).with_name("attacks")


class Attacks:
    """Compiles attacks for the host, once each, and runs them in a sandbox."""

    def __init__(self, directory: Path, sandboxed: Sandboxed) -> None:
        self._directory = directory
        self._sandboxed = sandboxed

    def __call__(self, name: str, *flags: str, arguments: tuple[str, ...] = ()) -> Outcome:
        program = self._directory / name
        if not program.exists():
            subprocess.run(["gcc", "-O1", "-pthread", "-o", program, SOURCES / f"{name}.c"], check=True)
        mount = f"{self._directory}:/mnt:ro"
        return self._sandboxed.run("--mount", mount, *flags, "--", f"/mnt/{name}", *arguments)


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory, sandboxed: Sandboxed) -> Attacks:
    return Attacks(tmp_path_factory.mktemp("attacks"), sandboxed)


def is_killed_for_memory(outcome: Outcome) -> bool:
    return (outcome.code, outcome.stdout) == (137, "") and "memory limit" in outcome.stderr


def test_threads_that_never_call_the_kernel_count(attack: Attacks):
    assert attack("silent_threads", "--pids", "20").stdout == "19\n"


def test_memory_of_threads_that_never_call_the_kernel_counts(attack: Attacks):
    assert is_killed_for_memory(attack("silent_memory", "--memory", "64m"))


def test_threads_that_never_call_the_kernel_use_the_processor_within_its_limit(attack: Attacks):
    used = int(attack("silent_spin", "--cpus", "0.1", arguments=("2",)).stdout)
    assert used < 500, "milliseconds of two seconds on two processors"


def test_a_timer_that_sends_sigcont_gets_nobody_beyond_the_limit(attack: Attacks):
    used = int(attack("continued_spin", "--cpus", "0.1", arguments=("2",)).stdout)
    assert used < 500, "milliseconds of two to three seconds on one processor"


def test_the_processor_that_the_kernel_uses_for_a_guest_is_the_guests(attack: Attacks):
    free = int(attack("poll_many", arguments=("1",)).stdout)
    held = int(attack("poll_many", "--cpus", "0.1", arguments=("1",)).stdout)
    assert held <= max(free // 3, 1)


@pytest.mark.parametrize("where", ["anonymous", "memfd", "/dev/zero", "/dev/shm/x", "/tmp/x"])
def test_shared_memory_that_is_dropped_and_still_held_counts(attack: Attacks, where: str):
    assert is_killed_for_memory(attack("drop_shared", "--memory", "64m", arguments=(where,)))


def test_removed_files_count_while_they_are_mapped(attack: Attacks):
    assert is_killed_for_memory(attack("pin_removed", "--memory", "128m", arguments=("1",)))


def test_removed_files_that_were_mapped_are_given_back(attack: Attacks):
    assert attack("pin_removed", "--memory", "128m", arguments=("0",)).stdout == "all of it\n"


def test_page_tables_count(attack: Attacks):
    assert is_killed_for_memory(attack("page_tables", "--memory", "64m"))


def test_mappings_count(attack: Attacks):
    outcome = attack("tiny_mappings", "--memory", "32m")
    assert "memory limit" in outcome.stderr


def test_who_fills_a_file_system_beyond_its_size_by_a_mapping_is_ended(attack: Attacks):
    outcome = attack("fill_by_mapping", arguments=("/dev/shm/x",))
    assert outcome.stdout == ""
    assert outcome.code in (135, 137)


def test_a_file_is_mapped_under_a_number_that_the_host_has_no_table_for(attack: Attacks):
    assert attack("high_numbers").stdout == "mapped\n"


def test_shared_memory_is_shared_and_given_back(attack: Attacks):
    assert attack("ordinary_sharing", "--memory", "64m").stdout == "fine\n"
