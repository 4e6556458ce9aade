"""`podvisor image ls`: a table in the words of docker-image-ls(1), or JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from podvisor.cli import registries
from podvisor.cli.image_output import created, described, form, told
from podvisor.images import local, reference

ID_DIGITS = 12
UNITS = ((60, 1, "second"), (3600, 60, "minute"), (48 * 3600, 3600, "hour"), (14 * 86400, 86400, "day"))
LONGER = ((60 * 86400, 7 * 86400, "week"), (730 * 86400, 30 * 86400, "month"), (float("inf"), 365 * 86400, "year"))


@click.command("ls")
@form
@click.option("--quiet", "-q", is_flag=True, help="Only show image IDs.")
@click.option("--digests", is_flag=True, help="Show digests.")
@click.option("--no-trunc", is_flag=True, help="Don't truncate output.")
@click.pass_obj
def command(store: local.Store, output: str, quiet: bool, digests: bool, no_trunc: bool) -> None:
    """List the images, the host's own first."""
    with told():
        images = store.images()
        if output == "json":
            click.echo(json.dumps([described(store, image) for image in images]))
            return
        if quiet:
            for found in dict.fromkeys(_id(image, no_trunc) for image in images):
                click.echo(found)
            return
        rows = [_row(store, image, no_trunc) for image in images]
    head = ("REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "CREATED", "SIZE")
    host = (local.HOST, "-", "-", "-", "-", "-")
    for line in _lines([head, host, *rows], None if digests else 2):
        click.echo(line)


def _row(store: local.Store, image: local.Image, whole: bool) -> tuple[str, ...]:
    named = reference.parse(image.name)
    repository = str(named).removesuffix(f"@{named.digest}").removesuffix(f":{named.tag}")
    tag = "<none>" if named.digest else named.tag
    size = registries.amount(image.size_bytes)
    return (repository, tag, image.digest, _id(image, whole), ago(created(store, image), time.time()), size)


def _id(image: local.Image, whole: bool) -> str:
    found = image.config or image.digest
    return found if whole else found.removeprefix("sha256:")[:ID_DIGITS]


def _lines(rows: Sequence[Sequence[str]], left_out: int | None) -> list[str]:
    shown = [[cell for column, cell in enumerate(row) if column != left_out] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return ["   ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]


def ago(moment: str | None, now: float) -> str:
    """How long ago something was, in docker's words; N/A where nobody knows."""
    try:
        then = datetime.fromisoformat(moment or "")
    except ValueError:
        return "N/A"
    seconds = now - (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()
    if seconds < 1:
        return "Less than a second ago"
    _, length, unit = next(one for one in (*UNITS, *LONGER) if seconds < one[0])
    count = int(seconds // length)
    if unit in ("minute", "hour") and count == 1:
        return f"About {'a' if unit == 'minute' else 'an'} {unit} ago"
    return f"{count} {unit}{'' if count == 1 else 's'} ago"
