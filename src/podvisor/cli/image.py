"""`podvisor image`: the local images."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from podvisor.cli import cluster, registries
from podvisor.cli.main import Failure
from podvisor.images import errors, fetching, local, reference


@click.group(name="image")
@cluster.data_dir
@click.pass_context
def command(context: click.Context, data_dir: Path) -> None:
    """Pull, import, list and remove images: those that the cluster on the data directory runs."""
    context.obj = local.Store(str(data_dir.absolute() / "images"))


_output = click.option(
    "--output", "-o", type=click.Choice(["text", "json"]), default="text", help="Form of the result."
)


@command.command("pull")
@click.option("--registries", "registries_file", **registries.FLAG)
@_output
@click.argument("name")
@click.pass_obj
def pull_image(store: local.Store, name: str, registries_file: Path | None, output: str) -> None:
    """Fetch an image from its registry; what is here already is not fetched again."""
    shown = registries.Shown()
    with _told():
        try:
            puller = registries.puller(store, registries_file, shown)
            image = asyncio.run(fetching.pull(store, puller, name, now=time.time()))
        finally:
            shown.close()
    if output == "json":
        click.echo(json.dumps(_described(image)))
    else:
        click.echo(f"{_short(image.name)} {image.digest} {registries.amount(image.size_bytes)}")


@command.command("inspect")
@click.argument("name")
@click.pass_obj
def inspect_image(store: local.Store, name: str) -> None:
    """Print what an image is and how its containers are run, as JSON."""
    with _told():
        described, config = _described(store.find(name)), store.config(name)
    if config is not None:
        described |= {"config": msgspec.to_builtins(config)}
    click.echo(json.dumps(described, indent=2))


@command.command("tag")
@click.argument("name")
@click.argument("new")
@click.pass_obj
def tag_image(store: local.Store, name: str, new: str) -> None:
    """Give an image one more name."""
    with _told():
        image = store.rename(name, new)
    click.echo(_short(image.name))


@command.command("prune")
@click.pass_obj
def prune_images(store: local.Store) -> None:
    """Remove the content that no name means any more; nothing while somebody pulls."""
    with _told():
        freed = store.prune()
    click.echo(f"freed {registries.amount(freed)}")


@command.command("import")
@click.argument("name")
@click.argument("source", metavar="DIR|TAR", type=click.Path())
@click.pass_obj
def import_image(store: local.Store, name: str, source: str) -> None:
    """Make an image from a root file system: a directory, or a tar archive, compressed or not."""
    with _told():
        image, contents = store.add(name, source, now=time.time())
    skipped = f", {contents.skipped} devices or sockets left out" if contents.skipped else ""
    size = registries.amount(image.size_bytes)
    click.echo(f"{_short(image.name)} {image.digest} {size}, {contents.entries} entries{skipped}")


@command.command("ls")
@click.pass_obj
def list_images(store: local.Store) -> None:
    """List the images, the host's own first."""
    rows = [("NAME", "DIGEST", "SIZE", "IMPORTED"), (local.HOST, "-", "-", "this machine's own files")]
    with _told():
        for image in store.images():
            imported = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(image.imported))
            digest = image.digest.removeprefix("sha256:")[:12]
            rows.append((_short(image.name), digest, registries.amount(image.size_bytes), imported))
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


def _described(image: local.Image) -> dict[str, Any]:
    """An image for programs."""
    return {
        "name": image.name,
        "digest": image.digest,
        "size": image.size_bytes,
        "imageID": image.config or image.digest,
        "manifest": image.manifest or None,
        "time": image.imported,
    }


def _short(name: str) -> str:
    return str(reference.parse(name))


@contextmanager
def _told() -> Generator[None]:
    """Errors of images, and of the disk below them, as one line."""
    try:
        yield
    except errors.ImageError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
