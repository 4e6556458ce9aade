"""Leadership by lease: of several candidates at most one acts (client-go `tools/leaderelection`).

The holder renews a Lease object; who sees it unrenewed for its whole duration, by the watcher's own clock and not by
the times written in it, may take it. Clocks may be apart, but must run at about the same rate. A leader that cannot
renew in time stops before anybody else may begin, which is why `renew_deadline` must be less than `duration`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.sdk import errors, kinds
from podvisor.sdk.client import Client
from podvisor.sdk.objects.core import Lease
from podvisor.sdk.objects.meta import micros
from podvisor.sdk.resource import Key

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """How fast leadership passes on; the defaults are those of Kubernetes' own components."""

    duration: float = 15.0
    """Seconds without renewal after which others may take over."""
    renew_deadline: float = 10.0
    """Seconds without a successful renewal after which the leader gives up."""
    retry: float = 2.0
    """Seconds between attempts to take or to renew."""


DEFAULT = Settings()


class Election:
    """One candidate for one lease."""

    def __init__(self, client: Client, key: Key, identity: str, clock: Clock, settings: Settings = DEFAULT) -> None:
        self._client = client
        self._key = key
        self._identity = identity
        self._clock = clock
        self._settings = settings
        self._seen: tuple[str, float] = ("", 0.0)

    async def lead(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for leadership, then run `work`, once; return when it does.

        Losing the lease cancels `work` and raises `Lost`. However this ends, a lease that is still held is released, so
        that the next candidate need not wait.
        """
        while not await self._attempt():
            await self._clock.sleep(self._settings.retry)
        log.info("%s leads %s", self._identity, self._key)
        try:
            async with tasks.background() as scope:
                working = scope.start(_run(work), name=f"leader of {self._key}")
                renewing = scope.start(self._renew(), name=f"lease {self._key}")
                await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    raise Lost(f"{self._identity} lost {self._key}")
        except* Lost as lost:
            raise lost.exceptions[0] from None
        finally:
            await self._release()

    async def _renew(self) -> None:
        """Return when the lease could not be renewed in time.

        A renewal counts from when it was begun: the others may have seen it then. One that hangs does not hold this up.
        """
        deadline = self._clock.monotonic() + self._settings.renew_deadline
        while (left := deadline - self._clock.monotonic()) > 0:
            with suppress(TimeoutError):
                async with self._clock.timeout(left):
                    await self._clock.sleep(self._settings.retry)
                    begun = self._clock.monotonic()
                    if await self._attempt():
                        deadline = begun + self._settings.renew_deadline

    async def _attempt(self) -> bool:
        """Take or renew the lease if that is allowed now."""
        try:
            lease = await self._client.get(kinds.LEASES, self._key.name, self._key.namespace)
        except errors.NotFound:
            return await self._write_new()
        except (errors.ApiError, errors.Unreachable) as error:
            log.info("reading lease %s: %s", self._key, error)
            return False
        return self._may_take(lease) and await self._write(lease)

    def _may_take(self, lease: Lease) -> bool:
        now = self._clock.monotonic()
        if self._seen[0] != lease.metadata.resource_version:
            self._seen = (lease.metadata.resource_version, now)
        holder = lease.spec.holder_identity or ""
        duration = lease.spec.lease_duration_seconds or self._settings.duration
        return holder in ("", self._identity) or now - self._seen[1] >= duration

    async def _write_new(self) -> bool:
        metadata = {"name": self._key.name, "namespace": self._key.namespace}
        thing = {
            "apiVersion": kinds.LEASES.api_version,
            "kind": kinds.LEASES.kind,
            "metadata": metadata,
            "spec": self._spec(None),
        }
        return await self._written(self._client.create(kinds.LEASES, thing, self._key.namespace))

    async def _write(self, lease: Lease) -> bool:
        patch = {"metadata": {"resourceVersion": lease.metadata.resource_version}, "spec": self._spec(lease)}
        return await self._written(self._client.patch(kinds.LEASES, self._key, patch))

    async def _written(self, writing: Awaitable[Lease]) -> bool:
        try:
            await writing
        except (errors.ApiError, errors.Unreachable) as error:
            log.info("writing lease %s: %s", self._key, error)
            return False
        return True

    def _spec(self, lease: Lease | None) -> dict[str, Any]:
        now = self._clock.now()
        held = lease is not None and lease.spec.holder_identity == self._identity
        spec: dict[str, Any] = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": int(self._settings.duration),
            "renewTime": micros(now),
        }
        if not held:
            spec["acquireTime"] = micros(now)
            spec["leaseTransitions"] = (lease.spec.lease_transitions or 0) + 1 if lease else 0
        return spec

    async def _release(self) -> None:
        with suppress(TimeoutError):
            async with self._clock.timeout(self._settings.retry):
                await self._give_back()

    async def _give_back(self) -> None:
        try:
            lease = await self._client.get(kinds.LEASES, self._key.name, self._key.namespace)
            if lease.spec.holder_identity == self._identity:
                version = {"resourceVersion": lease.metadata.resource_version}
                await self._client.patch(kinds.LEASES, self._key, {"metadata": version, "spec": {"holderIdentity": ""}})
        except (errors.ApiError, errors.Unreachable) as error:
            log.info("releasing lease %s: %s", self._key, error)


class Lost(Exception):
    """Somebody else may lead now."""


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()
