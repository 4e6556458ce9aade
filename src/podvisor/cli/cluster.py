"""What `up`, `down` and `status` share: the data directory, and how the cluster's errors reach the user."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from podvisor.cli.main import Failure
from podvisor.cluster.errors import ClusterError
from podvisor.cluster.settings import default_data_dir

data_dir = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_data_dir,
    show_default="$XDG_DATA_HOME/podvisor",
    envvar="PODVISOR_DATA_DIR",
    help="Where the cluster keeps everything.",
)


@contextmanager
def failures() -> Generator[None]:
    """Turn what the cluster raises on purpose into one line."""
    try:
        yield
    except ClusterError as error:
        raise Failure(str(error)) from error
