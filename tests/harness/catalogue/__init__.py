"""The programs that must behave in a sandbox as they do on Linux."""

from harness.catalogue import files, languages, limits, python, rights, shells, siginfo, sockets, terminals, tools
from harness.programs import Program


def everything() -> list[Program]:
    """All of them, by family."""
    families = (shells, tools, files, python, languages, limits, siginfo, terminals, rights, sockets)
    return [program for family in families for program in family.PROGRAMS]
