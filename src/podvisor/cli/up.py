"""`podvisor up`: start a cluster."""

from __future__ import annotations

from pathlib import Path

import click

from podvisor.cli import cluster
from podvisor.cluster.settings import Settings


@click.command("up")
@cluster.data_dir
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=6443,
    show_default=True,
    envvar="PODVISOR_PORT",
    help="Where the API server listens on 127.0.0.1; 0 takes any free port.",
)
@click.option(
    "--allow-host-path",
    "host_paths",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Let hostPath volumes show what is below DIR; may be given several times. By default they show nothing.",
)
@click.option("--detach", is_flag=True, help="Return when the cluster is ready, and leave it running.")
def command(data_dir: Path, port: int, host_paths: tuple[Path, ...], detach: bool) -> None:
    """Start a cluster, and run it until Ctrl-C or, with --detach, until `podvisor down`."""
    from podvisor.cluster import lifecycle

    allowed = tuple(str(path.resolve()) for path in host_paths)
    settings = Settings(data_dir=data_dir.absolute(), port=port, host_paths=allowed)
    with cluster.failures():
        (lifecycle.start if detach else lifecycle.run)(settings, click.echo)
