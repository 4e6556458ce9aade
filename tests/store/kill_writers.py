"""Kill -9 a process that writes to a store, again and again, and check after each kill what it had acknowledged.

    python tests/store/kill_writers.py DIRECTORY --kills 2000 --seed 7

Each round forks a writer over the same directory. It first checks the store against everything that was ever
acknowledged, then writes with many tasks at once, while history is compacted below them, and reports each
acknowledgement through a pipe. After a random time, which may fall into opening, checking, writing or compacting,
it is killed. What it managed to report is what the next one must find.
"""

import argparse
import asyncio
import os
import random
import select
import signal
from dataclasses import dataclass, field
from pathlib import Path

from podvisor.base.clock import SystemClock
from podvisor.store import Compacted, embedded
from podvisor.store.backend import ALL, Backend, Compare, Delete, Put

WRITERS = 12
LONGEST = 0.05
"""Seconds that a writer lives at most after the moment from which its time is counted."""


@dataclass
class Acknowledged:
    """What the writers were told, so what the store must never take back."""

    steps: dict[int, int] = field(default_factory=dict[int, int])
    """For each writer the last step that was acknowledged, or found by the writer that went on from it."""
    revisions: dict[int, tuple[int, int]] = field(default_factory=dict[int, tuple[int, int]])
    """For each revision the writer and the step that took it."""
    compacted: int = 0
    leases: set[int] = field(default_factory=set[int])

    def take(self, line: str) -> None:
        """A line that a writer reported."""
        kind, *numbers = line.split()
        match kind, [int(number) for number in numbers]:
            case "step", [writer, step, revision]:
                assert revision not in self.revisions, f"revision {revision} was given out twice"
                self.steps[writer] = step
                self.revisions[revision] = writer, step
            case "found", [writer, step]:
                self.steps[writer] = step
            case "compacted", [revision]:
                self.compacted = max(self.compacted, revision)
            case "lease", [lease]:
                self.leases.add(lease)
            case _:
                raise AssertionError(line)


def changes(writer: int, step: int) -> list[Put | Delete]:
    """What a step does: both keys of the pair at once, so that half a transaction would show."""
    pair = [b"left/%d" % writer, b"right/%d" % writer]
    if step % 5 == 4:
        return [Delete(key) for key in pair]
    return [Put(key, b"%d " % step + b"x" * (step * 131 % 9000)) for key in pair]


async def current_step(store: Backend, writer: int, last: int) -> int:
    """The step that the store is at, which is `last` or, if its acknowledgement was cut off, the next."""
    pair = [(await store.range(b"%s/%d" % (side, writer))).kvs for side in (b"left", b"right")]
    for step in (last, last + 1):
        wanted = [op.value if isinstance(op, Put) else None for op in changes(writer, step)]
        if [found[0].value if found else None for found in pair] == (wanted if step else [None, None]):
            return step
    shown = [kvs[0].value[:10] if kvs else None for kvs in pair]
    raise AssertionError(f"writer {writer} was acknowledged step {last}, the store has {shown}")


async def check(store: Backend, known: Acknowledged) -> dict[int, int]:
    """Fail unless everything acknowledged is there. Returns where each writer goes on."""
    steps = {writer: await current_step(store, writer, known.steps.get(writer, 0)) for writer in range(WRITERS)}
    now = (await store.range(b"\0", ALL)).revision
    assert now >= max(known.revisions, default=0)
    assert known.leases <= set(await store.leases())
    oldest = await oldest_revision(store, known.compacted)
    watch = store.watch(b"\0", ALL, revision=oldest)
    seen: dict[int, set[bytes]] = {}
    while max(seen, default=0) < now and now > 1:
        for event in (await anext(watch)).events:
            seen.setdefault(event.kv.mod_revision, set()).add(event.kv.key)
    for revision, (writer, _) in known.revisions.items():
        wanted = {b"left/%d" % writer, b"right/%d" % writer}
        assert revision < oldest or seen.get(revision) == wanted, f"history has lost revision {revision}"
    return steps


async def oldest_revision(store: Backend, compacted: int) -> int:
    """Where history begins: where the last compaction that was acknowledged put it, or one that was cut off."""
    if compacted > 1:
        try:
            await store.range(b"\0", revision=compacted - 1)
        except Compacted as gone:
            return gone.revision
        raise AssertionError(f"the compaction at {compacted} is forgotten")
    try:
        await store.range(b"\0", revision=1)
    except Compacted as gone:
        return gone.revision
    return 1


async def write(store: Backend, writer: int, step: int, report: int) -> None:
    """Take one step after another, for ever."""
    while True:
        step += 1
        ops = changes(writer, step)
        live = Compare(b"left/%d" % writer, "version", ">", 0)
        result = await store.txn([live] if step % 5 == 4 else [], ops, [])
        assert result.succeeded
        os.write(report, b"step %d %d %d\n" % (writer, step, result.revision))


async def compact(store: Backend, report: int) -> None:
    """Compact behind the writers, for ever."""
    while True:
        revision = (await store.range(b"\0")).revision - 20
        try:
            await store.compact(revision)
        except Compacted:
            await asyncio.sleep(0)
        else:
            os.write(report, b"compacted %d\n" % revision)


async def write_until_killed(directory: Path, known: Acknowledged, report: int) -> None:
    """A writer's life."""
    async with embedded.open(directory, clock=SystemClock()) as store:
        steps = await check(store, known)
        for writer, step in steps.items():
            os.write(report, b"found %d %d\n" % (writer, step))
        os.write(report, b"lease %d\n" % (await store.grant(1_000_000)).id)
        async with asyncio.TaskGroup() as group:
            group.create_task(compact(store, report))
            for writer, step in steps.items():
                group.create_task(write(store, writer, step, report))


def life(directory: Path, known: Acknowledged, chance: random.Random) -> None:
    """Fork a writer, kill it at some moment, and take note of what it was told."""
    reader, report = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(reader)
        asyncio.run(write_until_killed(directory, known, report))
        os._exit(0)
    os.close(report)
    if chance.random() < 0.7:
        select.select([reader], [], [])
    poll = select.poll()
    poll.register(reader, select.POLLHUP)
    ended = poll.poll(chance.random() * LONGEST * 1000)
    os.kill(pid, signal.SIGKILL)
    with os.fdopen(reader) as lines:
        told = lines.read()
    _, status = os.waitpid(pid, 0)
    assert not ended, f"the writer ended by itself: {status}"
    for line in told.split("\n")[:-1]:
        known.take(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    chance, known = random.Random(asked.seed), Acknowledged()
    for _ in range(asked.kills):
        life(asked.directory, known, chance)
    asyncio.run(final_check(asked.directory, known))
    print(f"{asked.kills} kills, {len(known.revisions)} writes acknowledged, compacted to {known.compacted}")


async def final_check(directory: Path, known: Acknowledged) -> None:
    """Open once more, and look."""
    async with embedded.open(directory, clock=SystemClock()) as store:
        await check(store, known)


if __name__ == "__main__":
    main()
