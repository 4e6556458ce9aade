"""`podvisor image`: the local images; what has to do with files is in `image_files`."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import click
import msgspec

from podvisor.cli import cluster, image_files, image_list, registries
from podvisor.cli.image_output import canonical, described, emit, form, short, told
from podvisor.images import fetching, local


@click.group(name="image")
@cluster.data_dir
@click.pass_context
def command(context: click.Context, data_dir: Path) -> None:
    """Pull, import, save, list and remove images: those that the cluster on the data directory runs."""
    context.obj = local.Store(str(data_dir.absolute() / "images"))


@command.command("pull")
@click.option("--registries", "registries_file", **registries.FLAG)
@form
@click.argument("name")
@click.pass_obj
def pull_image(store: local.Store, name: str, registries_file: Path | None, output: str) -> None:
    """Fetch an image from its registry; what is here already is not fetched again."""
    shown = registries.Shown()
    with told():
        try:
            puller = registries.puller(store, registries_file, shown)
            image = asyncio.run(fetching.pull(store, puller, name, now=time.time()))
        finally:
            shown.close()
    emit(output, described(store, image), f"{short(image.name)} {image.digest} {registries.amount(image.size_bytes)}")


@command.command("inspect")
@click.argument("name")
@click.pass_obj
def inspect_image(store: local.Store, name: str) -> None:
    """Print what an image is and how its containers are run, as JSON."""
    with told():
        found = described(store, store.find(name)) | {"config": msgspec.to_builtins(store.config(name))}
    click.echo(json.dumps(found, indent=2))


@command.command("tag")
@form
@click.argument("name")
@click.argument("new")
@click.pass_obj
def tag_image(store: local.Store, name: str, new: str, output: str) -> None:
    """Give an image one more name."""
    with told():
        image = store.rename(name, new)
    emit(output, described(store, image), short(image.name))


@command.command("prune")
@form
@click.pass_obj
def prune_images(store: local.Store, output: str) -> None:
    """Remove the content that no name means any more; nothing while somebody pulls."""
    with told():
        freed = store.prune()
    emit(output, {"freed": freed}, f"freed {registries.amount(freed)}")


@command.command("rm")
@form
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def remove_images(store: local.Store, names: tuple[str, ...], output: str) -> None:
    """Take images their names; `podvisor image prune` frees what has no name any more."""
    for name in names:
        with told():
            store.remove(name)
        emit(output, {"untagged": canonical(name)}, f"Untagged: {short(name)}")


command.add_command(image_list.command)
command.add_command(image_files.load)
command.add_command(image_files.load, "load")
command.add_command(image_files.save)
