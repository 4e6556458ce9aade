"""The programs that must behave in a sandbox as they do on Linux."""

from harness.catalogue import files, languages, python, shells, tools
from harness.programs import Program


def everything() -> list[Program]:
    """All of them, by family."""
    return [*shells.PROGRAMS, *tools.PROGRAMS, *files.PROGRAMS, *python.PROGRAMS, *languages.PROGRAMS]
