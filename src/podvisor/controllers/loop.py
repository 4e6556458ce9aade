"""What all loops have in common: keys, workers, retries."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from podvisor.base import tasks
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.base.tasks import Scope
from podvisor.controllers.settings import Settings
from podvisor.sdk import Client, Informers, Key, WorkQueue, errors
from podvisor.sdk.events import Recorder
from podvisor.sdk.objects import Object

log = logging.getLogger(__name__)

RESTART = Backoff(first=1.0, factor=2.0, limit=60.0, jitter=0.1)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a loop is given: eyes, hands and a clock."""

    client: Client
    informers: Informers
    clock: Clock
    settings: Settings
    scope: Scope

    def recorder(self, component: str) -> Recorder:
        """A recorder of events that writes for as long as the controllers run."""
        recorder = Recorder(self.client, component, self.clock)
        self.background(f"events of {component}", recorder.run)
        return recorder

    def background(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done beside a loop for as long as the controllers run; it is started again if it crashes."""
        self.scope.start(tasks.supervise(name, work, clock=self.clock, backoff=RESTART), name=name)

    def queue(self) -> WorkQueue[Key]:
        """A queue for one loop."""
        return WorkQueue(self.clock)


class Unfinished(Exception):
    """Raised by `reconcile` when nothing is wrong but something is still awaited: try again, ever less often."""


class Loop(Protocol):
    """Keeps one thing true, for one key at a time."""

    name: str
    queue: WorkQueue[Any]

    async def reconcile(self, key: Any) -> None:
        """Look at `key` and do what is needed now. May raise: then it is called again later, after a growing wait.

        Never called for the same key twice at once. A key whose object is gone is not an error.
        """
        ...


async def run(loop: Loop, cluster: Cluster) -> None:
    """Work until cancelled; workers that crash (which takes a bug in this file) are started again."""
    async with tasks.background() as scope:
        for number in range(cluster.settings.workers):
            name = f"{loop.name} {number}"
            working = tasks.supervise(name, lambda: _work(loop), clock=cluster.clock, backoff=RESTART)
            scope.start(working, name=name)
        await forever(cluster.clock)


async def _work(loop: Loop) -> None:
    while True:
        await _reconcile(loop, await loop.queue.get())


async def _reconcile(loop: Loop, key: Any) -> None:
    try:
        await loop.reconcile(key)
    except Unfinished as reason:
        log.debug("%s: %s: %s", loop.name, key, reason)
        loop.queue.add_rate_limited(key)
    except (errors.ApiError, errors.Unreachable) as error:
        log.log(_severity(error), "%s: %s: %s", loop.name, key, error)
        loop.queue.add_rate_limited(key)
    except Exception:
        log.exception("%s failed on %s", loop.name, key)
        loop.queue.add_rate_limited(key)
    else:
        loop.queue.forget(key)
    finally:
        loop.queue.done(key)


def _severity(error: Exception) -> int:
    """Losing a race is everyday; everything else wants to be seen."""
    return logging.DEBUG if isinstance(error, errors.Conflict | errors.NotFound) else logging.WARNING


async def forever(clock: Clock) -> None:
    """Wait until cancelled."""
    while True:
        await clock.sleep(3600)


def enqueue_itself(queue: WorkQueue[Key]) -> Callable[[Object | None, Object | None], None]:
    """A handler that has every changed object looked at."""

    def handler(old: Object | None, new: Object | None) -> None:
        thing = new if new is not None else old
        assert thing is not None
        queue.add(Key(thing.metadata.namespace, thing.metadata.name))

    return handler
