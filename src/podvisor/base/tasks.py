"""Tasks that belong to a scope: nothing runs on after the block that started it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TypeVar

from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock

log = logging.getLogger(__name__)
T = TypeVar("T")


class Scope:
    """Background tasks that live as long as an `async with background()` block, and no longer."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, work: Coroutine[object, object, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Run `work` beside the caller. A task that raises ends the whole scope with its error."""
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def cancel(self) -> None:
        """Ask every task of this scope to end; leaving the block waits for them."""
        for task in tuple(self._tasks):
            task.cancel()


@asynccontextmanager
async def background() -> AsyncGenerator[Scope]:
    """A scope whose tasks are cancelled and awaited when the block ends, however it ends.

    `asyncio.TaskGroup` waits for its children; this one does not outlive its body, which is what servers and
    watchers need. If a task raises, the body is cancelled and the errors leave as an ExceptionGroup; an error of
    the body alone leaves as itself.
    """
    failure: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            scope = Scope(group)
            try:
                yield scope
            except BaseException as error:
                failure = error
                raise
            finally:
                scope.cancel()
    except BaseExceptionGroup as errors:
        if failure is not None and errors.exceptions == (failure,):
            raise failure from failure.__cause__
        raise


async def supervise(name: str, work: Callable[[], Awaitable[None]], *, clock: Clock, backoff: Backoff) -> None:
    """Run `work` for ever: a crash is logged with its traceback and `work` starts again after the backoff.

    Returning normally also starts it again, at once. A run that lasted longer than `backoff.limit` forgets the
    failures before it. Cancellation passes through.
    """
    failures = 0
    while True:
        started = clock.monotonic()
        try:
            await work()
        except Exception:
            failures = 1 if clock.monotonic() - started > backoff.limit else failures + 1
            delay = backoff.delay(failures)
            log.exception("%s crashed; it starts again in %.1f s", name, delay)
            await clock.sleep(delay)
        else:
            failures = 0
            await clock.sleep(0)


async def first(*waits: Awaitable[object]) -> None:
    """Return as soon as one of these is done, having ended the others. An error of one that is done is raised."""
    doing = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in doing:
            one.cancel()
        await asyncio.wait(doing)
    for one in done:
        one.result()
