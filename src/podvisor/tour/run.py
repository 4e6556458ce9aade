"""The tour, put together: a directory of its own, the acts in their order, and an end that leaves nothing behind."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

from podvisor.base.clock import Clock, SystemClock
from podvisor.cluster.directory import Directory
from podvisor.tour import traces
from podvisor.tour.acts import breakout, figures, gone, images, inside, jobs, pods, programs, pulled, start, web
from podvisor.tour.screen import FAILURES, Screen
from podvisor.tour.stage import Stage, opened, podvisor

ACTS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    pods.play,
    web.play,
    jobs.play,
    images.play,
    pulled.play,
    inside.play,
    breakout.play,
    figures.play,
)
"""What happens on the cluster."""


def run(*, own_client: bool, image: str = "") -> int:
    """Give the tour, with an image of a registry if one is named. Returns how many steps failed.

    Ctrl-C and SIGTERM end it early, and leave as little behind.
    """
    return asyncio.run(_until_told_to_stop(_tour(SystemClock(), own_client=own_client, image=image)))


async def _until_told_to_stop(tour: Coroutine[object, object, int]) -> int:
    """Ctrl-C reaches asyncio by itself; SIGTERM ends the tour in the same way."""
    whole = asyncio.current_task()
    assert whole is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, whole.cancel)
    return await tour


async def _tour(clock: Clock, *, own_client: bool, image: str) -> int:
    screen, began = Screen(clock, terminal=sys.stdout.isatty()), clock.monotonic()
    if await programs.play(screen):
        with tempfile.TemporaryDirectory(prefix="podvisor-demo-") as place:
            await _on_a_cluster(screen, clock, Directory(Path(place) / "data"), own_client=own_client, image=image)
        screen.row(not _exists(place), "its files are removed", "", place)
    screen.act(f"{_verdict(screen)}, in {clock.monotonic() - began:.0f} s")
    return screen.failures


async def _on_a_cluster(screen: Screen, clock: Clock, directory: Directory, *, own_client: bool, image: str) -> None:
    before = traces.cgroups()
    try:
        if await start.play(screen, directory.root):
            await _play(opened(screen, clock, directory, own_client=own_client, image=image), before)
    finally:
        if directory.holder():
            await podvisor("down", "--data-dir", str(directory.root))


def _exists(place: str) -> bool:
    return Path(place).exists()


def _verdict(screen: Screen) -> str:
    if screen.failures:
        return f"{screen.failures} of {screen.steps} steps failed"
    return f"All {screen.steps} steps did what they should"


async def _play(stage: Stage, before: traces.Cgroups) -> None:
    try:
        for act in ACTS:
            await _guarded(stage, act)
        await gone.play(stage, before)
    finally:
        await stage.client.close()


async def _guarded(stage: Stage, act: Callable[[Stage], Awaitable[None]]) -> None:
    """An act that cannot go on between its steps is one more failure, and the next act follows."""
    try:
        await act(stage)
    except (*FAILURES, IndexError) as error:
        stage.screen.row(False, "the act cannot go on", "", str(error))
