"""`podvisor down`: stop a cluster."""

from __future__ import annotations

from pathlib import Path

import click

from podvisor.cli import cluster
from podvisor.cluster.directory import Directory


@click.command("down")
@cluster.data_dir
def command(data_dir: Path) -> None:
    """Stop the cluster on a data directory, pods included. What it stored stays there for the next `up`."""
    from podvisor.cluster import ending

    directory = Directory(data_dir.absolute())
    with cluster.failures():
        ending.stop(directory, click.echo)
