"""The command line's entry: which commands there are, and how their errors reach the user.

A command's module is imported when it is used, so that `podvisor run` pays for nothing that the cluster needs.
Every failure that is not a bug ends as one line on standard error and an exit code.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import NoReturn

import click

from podvisor import __version__


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command by the module whose `command` it is, with the line that the overview shows."""

    module: str
    summary: str


COMMANDS = {
    "up": Lazy("podvisor.cli.up", "Start a cluster."),
    "down": Lazy("podvisor.cli.down", "Stop a cluster."),
    "status": Lazy("podvisor.cli.status", "Say how a cluster is doing."),
    "run": Lazy("podvisor.cli.run", "Run one command in a fresh sandbox."),
    "image": Lazy("podvisor.cli.image", "Pull, import, list and remove images."),
    "store": Lazy("podvisor.cli.store", "Check, save, restore and repair a cluster's store."),
    "demo": Lazy("podvisor.cli.demo", "Show what a cluster does, on examples."),
    "version": Lazy("podvisor.cli.version", "Print the versions of podvisor and its kernel."),
}
"""Every command, in the order in which help lists them."""


class Failure(Exception):
    """What ends a command with one line and this exit code."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class _Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = COMMANDS.get(cmd_name)
        return import_module(lazy.module).command if lazy else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in COMMANDS.items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def podvisor() -> None:
    """Kubernetes pods, each inside its own user-space kernel."""


def main() -> NoReturn:
    """Run the command line of this process, and end it."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        code = podvisor.main(arguments, prog_name="podvisor", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except Failure as error:
        return _failed(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return _failed(error.format_message(), _exit_code(error, arguments))
    except click.Abort:
        return 130
    except BrokenPipeError:
        return _closed_output()


def _failed(message: str, exit_code: int) -> int:
    print(f"podvisor: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


def _exit_code(error: click.ClickException, arguments: list[str]) -> int:
    """`run` keeps the codes below 125 for the program, as other container tools do."""
    if isinstance(error, click.UsageError) and arguments[:1] == ["run"]:
        return 125
    return error.exit_code


def _closed_output() -> int:
    """The reader of our output has gone; keep the interpreter from complaining when it flushes at exit."""
    sys.stdout = None
    return 141
