"""`podvisor image`: the local images."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from podvisor.cli import cluster
from podvisor.cli.main import Failure
from podvisor.images import errors, local, reference


@click.group(name="image")
@cluster.data_dir
@click.pass_context
def command(context: click.Context, data_dir: Path) -> None:
    """Import, list and remove local images: those that the cluster on the data directory runs."""
    context.obj = local.Store(str(data_dir.absolute() / "images"))


@command.command("import")
@click.argument("name")
@click.argument("source", metavar="DIR|TAR", type=click.Path())
@click.pass_obj
def import_image(store: local.Store, name: str, source: str) -> None:
    """Make an image from a root file system: a directory, or a tar archive, compressed or not."""
    with _told():
        image, contents = store.add(name, source, now=time.time())
    skipped = f", {contents.skipped} devices or sockets left out" if contents.skipped else ""
    click.echo(f"{_short(image.name)} {image.digest} {_size(image.size_bytes)}, {contents.entries} entries{skipped}")


@command.command("ls")
@click.pass_obj
def list_images(store: local.Store) -> None:
    """List the images, the host's own first."""
    rows = [("NAME", "DIGEST", "SIZE", "IMPORTED"), (local.HOST, "-", "-", "this machine's own files")]
    with _told():
        for image in store.images():
            imported = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(image.imported))
            digest = image.digest.removeprefix("sha256:")[:12]
            rows.append((_short(image.name), digest, _size(image.size_bytes), imported))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, digest, size, imported in rows:
        click.echo(f"{name:{widths[0]}}  {digest:{widths[1]}}  {size:>{widths[2]}}  {imported}")


@command.command("rm")
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove_images(store: local.Store, names: tuple[str, ...]) -> None:
    """Remove images; files are kept while another name has the same content."""
    for name in names:
        with _told():
            store.remove(name)
        click.echo(_short(name))


def _short(name: str) -> str:
    return str(reference.parse(name))


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f}{unit}" if unit == "B" else f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.1f}GiB"


@contextmanager
def _told() -> Generator[None]:
    """Errors of images, and of the disk below them, as one line."""
    try:
        yield
    except errors.ImageError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
