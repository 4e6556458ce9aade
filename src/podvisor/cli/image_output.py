"""What the commands of `podvisor image` have in common: how they describe an image, and how errors reach the user."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import click

from podvisor.cli.main import Failure
from podvisor.images import errors, local, reference

form = click.option("--output", "-o", type=click.Choice(["text", "json"]), default="text", help="Form of the result.")
"""The flag of commands that programs may call."""


def emit(output: str, value: object, text: str) -> None:
    """Print a result as JSON on one line, or as text."""
    click.echo(json.dumps(value) if output == "json" else text)


def described(store: local.Store, image: local.Image) -> dict[str, Any]:
    """An image for programs."""
    return {
        "name": image.name,
        "digest": image.digest,
        "size": image.size_bytes,
        "imageID": image.config or image.digest,
        "manifest": image.manifest or None,
        "created": created(store, image),
        "time": image.imported,
        "local": image.is_local or not image.config,
    }


def created(store: local.Store, image: local.Image) -> str | None:
    """When an image was made, as its configuration says it (RFC 3339)."""
    try:
        return store.configured(image).created
    except errors.ImageError:
        return None


def canonical(name: str) -> str:
    """A name without any default left out."""
    return reference.parse(name).canonical


def short(name: str) -> str:
    """A name as people write it."""
    return str(reference.parse(name))


@contextmanager
def told() -> Generator[None]:
    """Errors of images, and of the disk below them, as one line."""
    try:
        yield
    except errors.ImageError as error:
        raise Failure(" ".join(str(error).split())) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error
