"""Which images a node removes when its disk fills up, and what its status says of those that are there."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from podvisor.images import errors, local
from podvisor.node import image_list
from podvisor.node.image_collection import MINIMUM_AGE, PERIOD, Collector, Disk, Failed
from podvisor.testing.clock import VirtualClock, settle

SIZE = 10
OLD = MINIMUM_AGE.total_seconds()


def image(name: str, digest: str = "", **more: Any) -> local.Image:
    return local.Image(f"docker.io/library/{name}:latest", f"sha256:{digest or name}", SIZE, 0, "c", "m", **more)


@dataclass
class Store:
    """A store of images of the same size, and the disk that it is on: 100 bytes."""

    known: list[local.Image]
    others: int = 0

    def images(self) -> list[local.Image]:
        return list(self.known)

    def remove(self, name: str) -> None:
        if all(one.name != name for one in self.known):
            raise errors.NotFound(name)
        self.known = [one for one in self.known if one.name != name]

    def prune(self) -> int:
        freed = self.taken - len({one.digest for one in self.known}) * SIZE
        self.taken -= freed
        return freed

    def __post_init__(self) -> None:
        self.taken = len({one.digest for one in self.known}) * SIZE

    def disk(self) -> Disk:
        return Disk(100, 100 - self.others - self.taken)

    @property
    def left(self) -> list[str]:
        return [one.name.split("/")[-1].split(":")[0] for one in self.known]


class Node:
    """A collector and what it looks at."""

    def __init__(self, *known: local.Image) -> None:
        self.clock, self.store, self.used = VirtualClock(), Store(list(known)), list[str]()
        self.collector = Collector(cast("Any", self.store), self.clock, lambda: self.used, self.store.disk)

        self.detected = False

    async def after(self, seconds: float, others: int | None = None) -> list[str]:
        """What is left after some time, and a look."""
        self.store.others = self.store.others if others is None else others
        if not self.detected:
            await self._detect()
        await self.clock.advance(seconds)
        await self.collector.collect()
        return self.store.left

    async def _detect(self) -> None:
        """The first look, on a disk that is empty beside the images."""
        others, self.store.others, self.detected = self.store.others, 0, True
        await self.collector.collect()
        self.store.others = others


async def test_nothing_is_removed_below_the_high_threshold():
    node = Node(image("a"), image("b"))
    assert await node.after(OLD, others=64) == ["a", "b"]


async def test_what_was_not_used_for_longest_is_removed_until_the_low_threshold():
    node = Node(image("a"), image("b"), image("c"))
    node.used = ["a"]
    await node.after(1)
    node.used = ["b:latest", "INVALID image"]
    await node.after(OLD)
    node.used = []
    assert await node.after(1, others=60) == ["a", "b"]
    assert await node.after(1, others=70) == ["b"]


async def test_what_a_pod_uses_is_never_removed_by_any_of_its_names_and_the_lack_is_told():
    node = Node(image("a"), image("again", digest="a"), image("b"))
    node.used = ["again"]
    await node.after(OLD)
    with pytest.raises(Failed, match="Attempted to free 20 bytes, but only found 10 bytes") as failure:
        await node.after(0, others=80)
    assert (node.store.left, failure.value.reason) == (["a", "again"], "FreeDiskSpaceFailed")


async def test_what_has_just_come_is_not_removed_and_what_was_imported_never():
    node = Node(image("a"), image("mine", is_local=True))
    with pytest.raises(Failed, match="found 0 bytes"):
        await node.after(0, others=70)
    assert await node.after(OLD) == ["mine"]
    with pytest.raises(Failed, match="found 0 bytes"):
        await node.after(OLD, others=80)


async def test_disk_that_says_nothing_is_told():
    collector = Collector(cast("Any", Store([])), VirtualClock(), lambda: (), lambda: Disk(0, 0))
    with pytest.raises(Failed, match="invalid capacity 0 on image filesystem"):
        await collector.collect()


async def test_failures_in_a_row_are_told_as_of_the_collection():
    node, told = Node(image("a")), asyncio.Queue[str]()
    node.used, node.store.others = ["a"], 80
    keeping = asyncio.ensure_future(node.collector.keep(lambda failure: told.put_nowait(failure.reason)))
    for reason in ("FreeDiskSpaceFailed", "ImageGCFailed"):
        await settle()
        await node.clock.advance(PERIOD)
        assert await told.get() == reason
    keeping.cancel()


def test_status_names_the_largest_images_by_digest_and_by_name():
    small, large = image("small"), replace(image("large"), size_bytes=20)
    assert image_list.images([small, image("other", digest="small"), large]) == [
        {"names": ["docker.io/library/large@sha256:large", large.name], "sizeBytes": 20},
        {
            "names": [
                "docker.io/library/small@sha256:small",
                "docker.io/library/other@sha256:small",
                small.name,
                "docker.io/library/other:latest",
            ],
            "sizeBytes": 10,
        },
    ]
    many = [replace(small, digest=f"sha256:{number}") for number in range(image_list.MOST + 1)]
    assert len(image_list.images(many)) == image_list.MOST
