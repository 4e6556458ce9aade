"""Running a program on the host, and in a sandbox, with the same environment, input and kind of directory."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.outcome import Outcome
from harness.programs import Program

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/tmp", "LANG": "C.UTF-8", "HOSTNAME": "podvisor"}

PATIENCE = float(os.environ.get("PODVISOR_TEST_PATIENCE", "60"))
"""Seconds after which a program counts as hung. No test measures time."""


def podvisor() -> str:
    """The command under test: the one that belongs to this interpreter."""
    beside = Path(sys.executable).with_name("podvisor")
    found = str(beside) if beside.exists() else shutil.which("podvisor")
    if found is None:
        raise FileNotFoundError("the command podvisor is not installed beside this Python; `make build` does it")
    return found


class Native:
    """Runs programs on the host, each in a fresh directory, with nothing of this process's environment."""

    def __call__(self, program: Program) -> Outcome:
        with tempfile.TemporaryDirectory() as directory:
            return run(program.argv, program.stdin, ENVIRONMENT, directory)


class Sandboxed:
    """Runs programs with `podvisor run`, each in a fresh sandbox's /tmp, with more flags where a test gives them."""

    def __call__(self, program: Program, *flags: str) -> Outcome:
        return self.run(*self.environment(), "--workdir", "/tmp", *flags, "--", *program.argv, stdin=program.stdin)

    def run(self, *arguments: str, stdin: str = "") -> Outcome:
        """`podvisor run` with exactly these arguments."""
        return run([podvisor(), "run", *arguments], stdin, dict(os.environ), None)

    def shell(self, script: str, *flags: str, stdin: str = "") -> Outcome:
        """A script for sh in a fresh sandbox."""
        return self.run(*flags, "--", "sh", "-c", script, stdin=stdin)

    @staticmethod
    def environment() -> list[str]:
        """The flags that give a program the environment that `Native` gives it."""
        return [word for name, value in ENVIRONMENT.items() for word in ("--env", f"{name}={value}")]


def run(argv: Sequence[str], stdin: str, environment: dict[str, str], directory: str | None) -> Outcome:
    """Run to the end, or fail with what was printed so far when it hangs."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=directory,
        start_new_session=True,
        text=True,
        errors="surrogateescape",
    ) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(f"{argv} hung; stdout {stdout!r}, stderr {stderr!r}") from None
        code = process.returncode
    return Outcome(stdout, stderr, 128 - code if code < 0 else code)
