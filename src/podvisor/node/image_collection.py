"""Removes images that nothing uses while their disk is too full: the kubelet's image garbage collection.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/#container-image-lifecycle. What was imported on
this machine is kept, like images that a container runtime has pinned: no registry could bring it back.
"""

import asyncio
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from podvisor.base.clock import Clock
from podvisor.images import errors, local, reference

log = logging.getLogger(__name__)

HIGH, LOW = 85, 80
"""In percent of the disk: when images are removed, and until when (`imageGCHighThresholdPercent` and `...Low...`)."""
MINIMUM_AGE = timedelta(minutes=2)
"""Nothing is removed that is here for less (`imageMinimumGCAge`)."""
PERIOD = 300.0
"""Seconds between looks."""


class Failed(Exception):
    """Not as much as should be was removed; the text is the kubelet's."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Disk:
    """What the file system of the images holds, in bytes."""

    capacity: int
    available: int

    @property
    def to_free(self) -> int:
        """How much is to be removed; nothing below the high threshold."""
        used = 100 - self.available * 100 // self.capacity
        return self.capacity * (100 - LOW) // 100 - self.available if used >= HIGH else 0


@dataclass(slots=True)
class _Record:
    """An image as it has been seen here."""

    detected: datetime
    used: datetime


class Collector:
    """Looks after the images of one node."""

    def __init__(
        self,
        store: local.Store,
        clock: Clock,
        used: Callable[[], Iterable[str]],
        disk: Callable[[], Disk],
    ) -> None:
        """`used` names the images of all pods that may start a container; `disk` asks their disk, and may block."""
        self._store = store
        self._clock = clock
        self._used = used
        self._disk = disk
        self._records: dict[str, _Record] = {}

    async def keep(self, failed: Callable[[Failed], None]) -> None:
        """Collect in a slow rhythm until cancelled; what goes wrong twice in a row is told, as by the kubelet."""
        before = False
        while True:
            await self._clock.sleep(PERIOD)
            try:
                await self.collect()
                before = False
            except Failed as error:
                log.warning("images: %s", error)
                failed(error if not before else Failed("ImageGCFailed", str(error)))
                before = True

    async def collect(self) -> None:
        """Look once, and remove what is to be removed. Raises Failed."""
        groups = _by_digest(await asyncio.to_thread(self._store.images))
        self._detect(groups)
        disk = await asyncio.to_thread(self._disk)
        if disk.capacity == 0:
            raise Failed("InvalidDiskCapacity", "invalid capacity 0 on image filesystem")
        if (wanted := disk.to_free) <= 0:
            return
        log.info("images: the disk is over %d %% full; to be freed: %d bytes", HIGH, wanted)
        freed = await self._free(groups, wanted)
        if freed < wanted:
            text = "Failed to garbage collect required amount of images. Attempted to free"
            raise Failed(
                "FreeDiskSpaceFailed", f"{text} {wanted} bytes, but only found {freed} bytes eligible to free."
            )

    async def reclaim(self) -> None:
        """Remove every image that nothing uses, however much is free (the kubelet's `DeleteUnusedImages`)."""
        groups = _by_digest(await asyncio.to_thread(self._store.images))
        self._detect(groups)
        await self._free(groups, sys.maxsize)

    def _detect(self, groups: dict[str, list[local.Image]]) -> None:
        """Note which images are here, and which of them are in use."""
        now, used = self._clock.now(), canonical(self._used())
        self._records = {
            digest: self._records.get(digest) or _Record(now, datetime.min.replace(tzinfo=now.tzinfo))
            for digest in groups
        }
        for digest, images in groups.items():
            if any(one.name in used for one in images):
                self._records[digest].used = now

    async def _free(self, groups: dict[str, list[local.Image]], wanted: int) -> int:
        """Remove images, those first that have not been used for longest, until so much is free; how much that was."""
        freed, now = 0, self._clock.now()
        for digest, record in sorted(self._records.items(), key=lambda one: (one[1].used, one[1].detected)):
            images = groups[digest]
            # Asked again for each: pods may have come meanwhile.
            used = canonical(self._used())
            if any(one.is_local or one.name in used for one in images) or now - record.detected < MINIMUM_AGE:
                continue
            log.info("images: %s is removed", images[0].name)
            freed += await asyncio.to_thread(self._remove, images)
            del self._records[digest]
            if freed >= wanted:
                break
        return freed

    def _remove(self, images: Sequence[local.Image]) -> int:
        for one in images:
            with suppress(errors.NotFound):
                self._store.remove(one.name)
        return self._store.prune()


def _by_digest(images: Iterable[local.Image]) -> dict[str, list[local.Image]]:
    found: defaultdict[str, list[local.Image]] = defaultdict(list)
    for one in images:
        found[one.digest].append(one)
    return found


def canonical(names: Iterable[str]) -> Set[str]:
    """Images as the store names them; what no image can be called is none of them."""
    found: set[str] = set()
    for name in names:
        with suppress(errors.BadReference):
            found.add(reference.parse(name).canonical)
    return found


def look(directory: Path) -> Disk:
    """The file system of a directory that may not be there yet. Blocks."""
    while not directory.exists():
        directory = directory.parent
    found = os.statvfs(directory)
    return Disk(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)
