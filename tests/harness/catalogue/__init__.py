"""The programs that must behave in a sandbox as they do on Linux."""

from harness.catalogue import languages, python, shells, tools
from harness.programs import Program


def everything() -> list[Program]:
    """All of them, by family."""
    return [*shells.PROGRAMS, *tools.PROGRAMS, *python.PROGRAMS, *languages.PROGRAMS]
