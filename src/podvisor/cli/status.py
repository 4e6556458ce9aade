"""`podvisor status`: how a cluster is doing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from podvisor.cli import cluster
from podvisor.cli.main import Failure
from podvisor.cluster.directory import Directory

NOT_RUNNING = 3
"""The exit code for a cluster that does not run, as of `systemctl status`."""


@click.command("status")
@cluster.data_dir
def command(data_dir: Path) -> int:
    """Say whether a cluster runs on a data directory, where, and with what in it."""
    from podvisor.cluster import errors, report

    directory = Directory(data_dir.absolute())
    try:
        found = asyncio.run(report.report(directory))
    except errors.NotRunning as error:
        raise Failure(str(error), NOT_RUNNING) from error
    for line in found.lines(directory):
        click.echo(line)
    return 0 if found.version else 1
