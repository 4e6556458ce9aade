"""Standard input, output and error are the caller's own."""

import os
import subprocess

from harness import Sandboxed
from harness.runners import podvisor


def test_output_and_errors_are_kept_apart(sandboxed: Sandboxed):
    outcome = sandboxed.shell("echo out; echo err >&2; exit 3")
    assert (outcome.stdout, outcome.stderr, outcome.code) == ("out\n", "err\n", 3)


def test_input_reaches_the_program_to_its_end(sandboxed: Sandboxed):
    assert sandboxed.run("--", "wc", "-c", stdin="x" * 1_000_000).stdout == "1000000\n"


def test_output_streams_while_the_program_runs():
    with subprocess.Popen(
        [podvisor(), "run", "--", "sh", "-c", "echo first; read -r line; echo $line"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "first\n"
        process.stdin.write("second\n")
        process.stdin.flush()
        assert process.stdout.readline() == "second\n"
    assert process.returncode == 0


def test_bytes_pass_unchanged():
    every = bytes(range(256)) * 100
    told = subprocess.run([podvisor(), "run", "--", "cat"], input=every, capture_output=True, check=True)
    assert told.stdout == every


def test_a_file_as_output_is_written_at_its_offset(tmp_path):
    path = tmp_path / "out"
    with path.open("w") as file:
        file.write("before\n")
        file.flush()
        subprocess.run([podvisor(), "run", "--", "echo", "inside"], stdout=file, check=True)
        os.write(file.fileno(), b"after\n")
    assert path.read_text() == "before\ninside\nafter\n"


def test_closed_streams_are_the_null_device():
    script = 'exec "$1" run -- sh -c "cat; echo lost; echo $?; exit 4" <&- >&-'
    assert subprocess.run(["sh", "-c", script, "sh", podvisor()], check=False).returncode == 4


def test_a_reader_that_leaves_ends_the_program():
    """A first process has no default actions (pid_namespaces(7)), so it sees EPIPE; its children are killed."""
    script = '{ "$1" run -- sh -c "yes; echo \\$? >&2"; } | head -n 1'
    told = subprocess.run(["sh", "-c", script, "sh", podvisor()], capture_output=True, text=True, check=True)
    assert (told.stdout, told.stderr) == ("y\n", "141\n")


def test_a_blocking_pipe_of_the_caller_stays_blocking():
    reader, writer = os.pipe()
    subprocess.run([podvisor(), "run", "--", "echo", "x"], stdout=writer, check=True)
    assert os.get_blocking(writer)
    os.close(reader)
    os.close(writer)
