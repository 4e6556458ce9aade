"""`podvisor store`: what `etcdutl` and `etcdctl snapshot` are for etcd, for the store of a data directory."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from podvisor.cli import cluster
from podvisor.cli.main import Failure
from podvisor.cluster.directory import Directory
from podvisor.store import StoreError, salvage, snapshot

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group("store")
def command() -> None:
    """Check, save, restore and repair a cluster's store."""


@command.command("check")
@cluster.data_dir
def check(data_dir: Path) -> None:
    """Read all of the store of a stopped cluster and compare it with its checksums."""
    with _stopped(data_dir) as directory:
        found = salvage.check(directory.store)
        click.echo(f"{directory.store} is whole: {_summary(found)}")


@command.command("save")
@_file
@cluster.data_dir
def save(file: Path, data_dir: Path) -> None:
    """Write a snapshot of the store, of a running cluster as well, to a new FILE."""
    with _failures():
        found = snapshot.save(Directory(data_dir.absolute()).store, file.absolute())
        click.echo(f"{file}: {_summary(found)}")


@command.command("restore")
@_file
@cluster.data_dir
def restore(file: Path, data_dir: Path) -> None:
    """Make the snapshot in FILE the store of a data directory that has none."""
    with _stopped(data_dir) as directory:
        found = snapshot.restore(file.absolute(), directory.store)
        click.echo(f"{directory.store}: {_summary(found)}")


@command.command("repair")
@cluster.data_dir
@click.option("--yes", is_flag=True, help="Give up what cannot be read without asking.")
def repair(data_dir: Path, yes: bool) -> None:
    """Make a new store of what can be read of a damaged one, which is kept beside it."""
    with _stopped(data_dir) as directory:
        found = salvage.look(directory.store)
        click.echo(f"can be read: {_summary(found)}")
        for damaged in found.damaged:
            click.echo(f"cannot be read: {damaged}")
        lost = "nobody knows how many" if found.missing is None else str(found.missing)
        click.echo(f"missing: {lost} of the last changes of objects; a change before may show instead")
        if not yes:
            click.confirm("Go on with what can be read?", abort=True)
        click.echo(f"repaired; the damaged file is {salvage.repair(directory.store, found)}")


@contextmanager
def _stopped(data_dir: Path) -> Generator[Directory]:
    """Have the directory of a cluster that does not run."""
    directory = Directory(data_dir.absolute())
    with cluster.failures(), _failures():
        directory.create()
        with directory.held():
            yield directory


@contextmanager
def _failures() -> Generator[None]:
    try:
        yield
    except StoreError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error


def _summary(found: salvage.Found) -> str:
    revision = found.state.revision if found.state else max((place[0] for place in found.records), default=0)
    return f"{len(found.keys)} objects, {len(found.records)} records, revision {revision}"
