"""Exit codes pass through; what cannot be started ends with runc's words and codes."""

import pytest

from harness import Sandboxed


@pytest.mark.parametrize("code", [0, 1, 2, 42, 124, 255])
def test_the_programs_code_is_ours(sandboxed: Sandboxed, code: int):
    assert sandboxed.shell(f"exit {code}").code == code


def test_a_fault_is_128_and_its_number(sandboxed: Sandboxed):
    assert sandboxed.run("--", "/usr/bin/python3", "-c", "import ctypes; ctypes.string_at(0)").code == 139


def test_a_child_killed_by_a_signal(sandboxed: Sandboxed):
    assert sandboxed.shell("sh -c 'kill -9 $$'").code == 137


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["no-such-program"], 127, 'exec: "no-such-program": executable file not found in $PATH'),
        (["/no/such"], 127, 'exec: "/no/such": stat /no/such: no such file or directory'),
        (["/etc/passwd"], 126, 'exec: "/etc/passwd": permission denied'),
        (["/usr"], 126, 'exec: "/usr": is a directory'),
    ],
    ids=["not in PATH", "no such path", "not executable", "directory"],
)
def test_what_cannot_be_started_is_told_in_runcs_words(sandboxed: Sandboxed, command: list[str], code: int, said: str):
    outcome = sandboxed.run("--", *command)
    assert (outcome.stdout, outcome.stderr, outcome.code) == ("", f"podvisor: {said}\n", code)


def test_a_missing_user_is_named(sandboxed: Sandboxed):
    outcome = sandboxed.run("--user", "bob", "--", "true")
    assert (outcome.stderr, outcome.code) == (
        "podvisor: unable to find user bob: no matching entries in passwd file\n",
        125,
    )


def test_a_missing_working_directory_is_made_as_docker_does(sandboxed: Sandboxed):
    outcome = sandboxed.run("--workdir", "/no/such", "--", "pwd")
    assert (outcome.stdout, outcome.code) == ("/no/such\n", 0)


def test_a_working_directory_that_is_none_is_named(sandboxed: Sandboxed):
    outcome = sandboxed.run("--workdir", "/etc/passwd", "--", "true")
    assert "/etc/passwd" in outcome.stderr
    assert outcome.code != 0
