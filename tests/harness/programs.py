"""The shape of a program that is run natively and in a sandbox."""

import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """One program. It prints nothing that differs from run to run: no process numbers, times or host paths."""

    name: str
    argv: tuple[str, ...]
    stdin: str = ""
    as_root: bool = False
    """Whether it shows something natively only where root runs it."""

    def __str__(self) -> str:
        return self.name

    @property
    def is_here(self) -> bool:
        """Whether this machine has the program."""
        return shutil.which(self.argv[0], path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin") is not None


def script(*interpreter: str):
    """A maker of programs for one interpreter: `bash = script("bash", "-c")`, then `bash("name", "text")`."""

    def make(name: str, text: str, stdin: str = "") -> Program:
        return Program(f"{interpreter[0].rsplit('/', 1)[-1]}: {name}", (*interpreter, text), stdin)

    return make
