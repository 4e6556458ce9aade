"""The ConfigMaps and Secrets that volumes of this node's pods show: each is followed by one watch while a pod uses it.

As the kubelet's watch-based managers do: a pod's volumes are made from what the watch has seen, and hear of changes.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from podvisor import sdk
from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.base.tasks import Scope, supervise

RESTART = Backoff(first=0.5, limit=30.0)
PATIENCE = 5.0
"""Seconds that the first state of an object may take."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An object that a volume shows."""

    resource: sdk.Resource[dict[str, Any]]
    key: sdk.Key

    @property
    def selection(self) -> sdk.Selection:
        """This object alone."""
        return sdk.Selection(self.key.namespace, fields=f"metadata.name={self.key.name}")


@dataclass(slots=True)
class _Followed:
    informer: sdk.Informer[dict[str, Any]]
    task: asyncio.Task[None]
    users: dict[str, Callable[[], None]] = field(default_factory=dict[str, Callable[[], None]])


class Watched:
    """What is followed, and for whom."""

    def __init__(self, client: sdk.Client, clock: Clock, scope: Scope) -> None:
        self._client = client
        self._clock = clock
        self._scope = scope
        self._followed: dict[Ref, _Followed] = {}

    def use(self, user: str, refs: Iterable[Ref], changed: Callable[[], None]) -> None:
        """From now on `user` needs these objects, and is told when one of them has changed."""
        for ref in refs:
            one = self._followed.get(ref) or self._follow(ref)
            one.users[user] = changed

    def forget(self, user: str) -> None:
        """`user` needs nothing any more."""
        for ref, one in list(self._followed.items()):
            one.users.pop(user, None)
            if not one.users:
                one.task.cancel()
                del self._followed[ref]

    async def get(self, ref: Ref) -> dict[str, Any] | None:
        """An object in use, as last seen; None where it is not there. Raises TimeoutError while nothing is known."""
        informer = self._followed[ref].informer
        async with self._clock.timeout(PATIENCE):
            await informer.wait_synced()
        return informer.cache.get(ref.key)

    def _follow(self, ref: Ref) -> _Followed:
        informer = sdk.Informer(self._client, ref.resource, self._clock, ref.selection)
        name = f"watch of {ref.resource} {ref.key}"
        work = supervise(name, informer.run, clock=self._clock, backoff=RESTART)
        one = self._followed[ref] = _Followed(informer, self._scope.start(work, name=name))
        informer.on_change(lambda old, new: _tell(one))
        return one


def _tell(one: _Followed) -> None:
    for changed in list(one.users.values()):
        changed()
