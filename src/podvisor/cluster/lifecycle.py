"""Starting a cluster in the foreground or the background.

A cluster in the background is a child that this process forks before it has threads or an event loop. Until it is
ready it tells its steps through a pipe; then it is on its own, in a session of its own, and writes to the log.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NoReturn

import uvloop

from podvisor.base.clock import SystemClock
from podvisor.cluster import logs, server
from podvisor.cluster.directory import Directory
from podvisor.cluster.errors import ClusterError, StartFailed
from podvisor.cluster.settings import Settings
from podvisor.cluster.steps import Steps
from podvisor.sandbox import orphans
from podvisor.store import Damaged, StoreError

Say = Callable[[str], None]

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a cluster. A second one ends it at once, and its pods with it."""


def run(settings: Settings, say: Say) -> None:
    """Run a cluster until it is told to stop. Raises ClusterError."""
    logging.basicConfig(level=logging.WARNING, format=logs.FORMAT)
    for handler in logging.getLogger().handlers:
        handler.addFilter(logs.Sparing())
    _serve(settings, say, lambda: say("Ctrl-C stops it."))
    say("stopped")


def start(settings: Settings, say: Say) -> None:
    """Run a cluster in the background; return when it is ready. Raises ClusterError."""
    directory = Directory(settings.data_dir)
    directory.create()
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        _background(settings, directory, writer)
    os.close(writer)
    _follow(reader, say, directory)


def _serve(settings: Settings, say: Say, ready: Callable[[], None]) -> None:
    """The server's life, from the first step to the end of its last piece."""
    os.environ[orphans.OWNER] = str(settings.data_dir)
    try:
        uvloop.run(_until_told_to_stop(settings, say, ready))
    except Damaged as error:
        raise ClusterError(
            f"{error}; nothing was changed: restore a snapshot (podvisor store restore), or see what"
            f" can be saved with: podvisor store repair --data-dir {settings.data_dir}"
        ) from error
    except StoreError as error:
        raise ClusterError(str(error)) from error
    except OSError as error:
        raise ClusterError(f"{error.filename or settings.data_dir}: {error.strerror}") from error


async def _until_told_to_stop(settings: Settings, say: Say, ready: Callable[[], None]) -> None:
    """Start, run and stop. Told to stop while it starts, it does not finish that first."""
    told, ours = asyncio.Event(), asyncio.current_task()
    assert ours is not None

    def stop() -> None:
        told.set()
        ours.cancel()

    with _signals(stop):
        try:
            await _live(settings, say, ready)
        except asyncio.CancelledError:
            if not told.is_set():
                raise


async def _live(settings: Settings, say: Say, ready: Callable[[], None]) -> None:
    clock = SystemClock()
    steps = Steps(say, clock)
    async with server.running(settings, clock, steps) as running:
        say(f"ready after {steps.total():.2f} s; next: export KUBECONFIG={running.directory.admin_kubeconfig}")
        ready()
        await asyncio.Event().wait()


@contextlib.contextmanager
def _signals(told: Callable[[], None]) -> Generator[None]:
    """Tell of the first signal that stops; the next finds what was there before."""
    loop = asyncio.get_running_loop()

    def forget() -> None:
        for number in STOPPING:
            loop.remove_signal_handler(number)

    def first() -> None:
        forget()
        told()

    for number in STOPPING:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        forget()


@dataclass(frozen=True, slots=True)
class _Pipe:
    """How the child tells its parent about its start: a kind and a text in each line."""

    descriptor: int

    def say(self, text: str) -> None:
        self._write("say", text)

    def ready(self) -> None:
        self._write("ready", "")
        os.close(self.descriptor)

    def failed(self, why: str) -> None:
        self._write("failed", " ".join(why.split()))

    def _write(self, kind: str, text: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever started us may not want to know any more
            os.write(self.descriptor, f"{kind} {text}\n".encode())


def _background(settings: Settings, directory: Directory, writer: int) -> NoReturn:
    """The child: leave the terminal, and run."""
    pipe = _Pipe(writer)
    code = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        logging.basicConfig(level=logging.INFO, handlers=[logs.LogFile(directory.log)])
        _serve(settings, pipe.say, pipe.ready)
        code = 0
    except ClusterError as error:
        pipe.failed(str(error))
    except BaseException:
        logging.exception("the cluster ended")
        pipe.failed(f"the cluster ended before it was ready; see {directory.log}")
    finally:
        sys.stdout.flush()
        os._exit(code)


def _follow(reader: int, say: Say, directory: Directory) -> None:
    """Tell on what the child tells, until it is ready. Raises StartFailed."""
    with os.fdopen(reader) as lines:
        for line in lines:
            kind, _, text = line.rstrip("\n").partition(" ")
            if kind == "ready":
                return
            if kind == "failed":
                raise StartFailed(text)
            say(text)
    raise StartFailed(f"the cluster ended before it was ready; see {directory.log}")
