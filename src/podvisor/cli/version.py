"""`podvisor version`: what is installed, for a report."""

from __future__ import annotations

import platform
import subprocess

import click

from podvisor import __version__
from podvisor.cli.main import Failure
from podvisor.sandbox import binary, errors


@click.command("version")
def command() -> None:
    """Print the versions of podvisor, its kernel, Python and the host's Linux."""
    click.echo(f"podvisor          {__version__}")
    click.echo(f"podvisor-sandbox  {_kernel()}")
    click.echo(f"python            {platform.python_version()}")
    click.echo(f"host              {platform.system()} {platform.release()} {platform.machine()}")


def _kernel() -> str:
    try:
        path = binary.find()
    except errors.BinaryMissing as error:
        raise Failure(str(error)) from error
    told = subprocess.run([path, "version"], capture_output=True, text=True, check=False)
    return f"{told.stdout.strip().removeprefix(f'{binary.NAME} ') or 'does not say'}, {path}"
