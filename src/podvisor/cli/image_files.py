"""`podvisor image import`, which is `load` as well, and `save`: images from files and to files."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

import click

from podvisor.cli import registries
from podvisor.cli.image_output import described, emit, form, short, told
from podvisor.cli.main import Failure
from podvisor.images import importing, local, saving


@click.command("import")
@form
@click.option("--input", "-i", "input_file", metavar="FILE", help="Read from FILE, in place of SOURCE.")
@click.argument("words", metavar="[NAME] [SOURCE]", nargs=-1)
@click.pass_obj
def load(store: local.Store, words: tuple[str, ...], input_file: str | None, output: str) -> None:
    """Make images of a file or directory; also called `load`.

    SOURCE is an archive of images (docker save, OCI), an OCI layout, a root file system as a directory or archive, or
    an uncompressed EROFS image; - or nothing is standard input. Images that have names keep them without NAME.
    """
    name, source = _words(words, input_file)
    shown = registries.Shown()
    with told():
        importer = importing.Importer(store, time.time(), shown.see)
        try:
            imported = asyncio.run(importer.add(source, name))
        finally:
            shown.close()
    if imported.skipped:
        click.echo(f"{imported.skipped} sockets left out", err=True)
    text = "\n".join(f"Loaded image: {short(image.name)}" for image in imported.images)
    emit(output, [described(store, image) for image in imported.images], text)


def _words(words: tuple[str, ...], input_file: str | None) -> tuple[str, str | int]:
    """The name, if there is one, and the source. With one word alone it is the source."""
    if len(words) + (input_file is not None) > 2:
        raise click.UsageError("one NAME and one SOURCE are the most")
    given = [*words, *([input_file] if input_file is not None else [])]
    name, source = (given[0], given[1]) if len(given) == 2 else ("", given[0] if given else "-")
    if source != "-":
        return name, source
    if sys.stdin.isatty():
        raise Failure("requested load from stdin, but stdin is a terminal; name a file or directory")
    return name, sys.stdin.fileno()


@click.command("save")
@click.option("--output", "-o", "target", metavar="FILE", help="Write to FILE, instead of standard output.")
@click.option(
    "--format",
    "form_",
    type=click.Choice(["docker-archive", "oci-archive"]),
    default="docker-archive",
    show_default=True,
    help="What the archive is.",
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def save(store: local.Store, names: tuple[str, ...], target: str | None, form_: saving.Format) -> None:
    """Write images to one archive, which docker, podman and skopeo take; the same images give the same bytes."""
    if target is None and sys.stdout.isatty():
        raise Failure("cowardly refusing to save to a terminal; use the -o flag or redirect")
    with told(), _target(target) as file:

        async def write(data: bytes) -> None:
            await asyncio.to_thread(_write, file, data)

        asyncio.run(saving.save(store, names, form_, write))


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


@contextmanager
def _target(path: str | None) -> Generator[int]:
    """Where an archive goes: a file appears whole or not at all; what is no file is written to as it is."""
    if path is None:
        yield sys.stdout.fileno()
        return
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            yield file
        finally:
            os.close(file)
        return
    file, unfinished = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".podvisor-")
    try:
        yield file
        os.fchmod(file, 0o666 & ~_umask())
        os.rename(unfinished, path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise
    finally:
        os.close(file)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
