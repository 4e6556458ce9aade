"""`podvisor status`: how a cluster is doing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from podvisor.cli import cluster
from podvisor.cli.main import Failure
from podvisor.cluster.directory import Directory

NOT_RUNNING = 3
"""The exit code for a cluster that does not run, as of `systemctl status`."""


@click.command("status")
@cluster.data_dir
@click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
def command(data_dir: Path, output: str) -> int:
    """Say whether a cluster runs on a data directory, where, and with what in it.

    The exit code is 0 for one that runs, 1 for one that does not answer, 3 where none runs.
    """
    from podvisor.cluster import errors, report

    directory = Directory(data_dir.absolute())
    try:
        found = asyncio.run(report.report(directory))
    except errors.NotRunning as error:
        if output == "json":
            click.echo(json.dumps({"running": False}))
            return NOT_RUNNING
        raise Failure(str(error), NOT_RUNNING) from error
    except errors.ClusterError as error:
        raise Failure(str(error)) from error
    lines = [json.dumps(found.data(directory))] if output == "json" else found.lines(directory)
    click.echo("\n".join(lines))
    return 0 if found.version else 1
