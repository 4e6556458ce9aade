"""`podvisor demo`: the tour."""

from __future__ import annotations

import asyncio
import signal

import click


@click.command("demo")
@click.option("--examples", is_flag=True, help="Print the directory of the example manifests, and do nothing else.")
@click.option("--own-client", is_flag=True, help="Use podvisor.sdk even where there is a kubectl.")
@click.option(
    "--image", default="", metavar="REF", help="Also pull this image and run it as a pod, for example redis:7."
)
def command(examples: bool, own_client: bool, image: str) -> int:
    """Show what a cluster does: start one on a directory of its own, run the examples, and remove everything again."""
    from podvisor.tour import run, stage

    if examples:
        click.echo(stage.EXAMPLES)
        return 0
    try:
        return 1 if run.run(own_client=own_client, image=image) else 0
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
