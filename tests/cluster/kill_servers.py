"""Kill -9 a server again and again while clients write, and check after each start what it had answered.

    python tests/cluster/kill_servers.py DIRECTORY --kills 200 --seed 7

Each life of the server (store, API, scheduler and controllers in one process) is forked over the same data directory.
Its clients first check every object against what they were answered in the lives before, then create, replace and
delete ConfigMaps until the server is killed at a random moment. A request that was cut off may have happened or not;
one that was answered must have.
"""

import argparse
import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.cluster import server
from podvisor.cluster.settings import Settings
from podvisor.cluster.steps import Steps

WRITERS = 8
LONGEST = 0.8
"""Seconds that a server lives at most after it has become ready."""
LABEL = "written-by=kill-servers"


@dataclass
class Answered:
    """What the clients know."""

    steps: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(WRITERS), 0))
    """For each writer the last step that was answered, or found after a start."""
    cut_off: set[int] = field(default_factory=set[int])
    """The writers whose next step was asked for and not answered."""
    versions: set[int] = field(default_factory=set[int])
    """The resource versions of all writes that were answered with one."""
    writes: int = 0


def content(writer: int, step: int) -> dict[str, object] | None:
    """What a step leaves: every fourth deletes, and step 0 is the beginning."""
    if step % 4 == 0:
        return None
    metadata = {"name": f"writer-{writer}", "labels": dict([LABEL.split("=")])}
    return {"metadata": metadata, "data": {"step": str(step), "padding": "x" * (step * 131 % 5000)}}


async def check(client: sdk.Client, known: Answered) -> None:
    """Fail unless everything that was answered is there, whole."""
    found = await client.list(sdk.kinds.CONFIGMAPS.raw, sdk.Selection("default", LABEL))
    data = {item["metadata"]["name"]: item["data"] for item in found.items}
    assert int(found.metadata.resource_version) >= max(known.versions, default=0)
    for writer, step in known.steps.items():
        possible = [step, step + 1] if writer in known.cut_off else [step]
        is_there = data.get(f"writer-{writer}")
        known.steps[writer] = next((one for one in possible if leaves(writer, one) == is_there), -1)
        assert known.steps[writer] >= 0, f"writer {writer} was answered step {step}, there is {str(is_there)[:60]}"
    known.cut_off.clear()


def leaves(writer: int, step: int) -> object:
    """The data that a step leaves, if the object is there at all."""
    item = content(writer, step)
    return None if item is None else item["data"]


async def write(client: sdk.Client, writer: int, known: Answered, enough: asyncio.Event) -> None:
    """Take one step after another until that is enough, or the server is gone."""
    while not enough.is_set():
        known.cut_off.add(writer)
        version = await take(client, writer, known.steps[writer] + 1)
        known.cut_off.discard(writer)
        known.steps[writer] += 1
        known.writes += 1
        if version:
            assert version not in known.versions, f"version {version} was given out twice"
            known.versions.add(version)


async def take(client: sdk.Client, writer: int, step: int) -> int:
    """One step; the resource version that it was answered with, if any."""
    key, item = sdk.Key("default", f"writer-{writer}"), content(writer, step)
    resource = sdk.kinds.CONFIGMAPS.raw
    if item is None:
        await client.delete(resource, key)
        return 0
    if content(writer, step - 1) is None:
        return int((await client.create(resource, item, "default"))["metadata"]["resourceVersion"])
    return int((await client.update(resource, item, key))["metadata"]["resourceVersion"])


async def use(directory: Path, pid: int, known: Answered, seconds: float) -> None:
    """Check, write, and kill the server."""
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([directory / "admin.kubeconfig"]).access))
    try:
        await check(client, known)
        asyncio.get_running_loop().call_later(seconds, os.kill, pid, signal.SIGKILL)
        await write_all(client, known, asyncio.Event())
    finally:
        await client.close()


async def write_all(client: sdk.Client, known: Answered, enough: asyncio.Event) -> None:
    """Have all writers write."""
    await asyncio.gather(*[until_gone(write(client, writer, known, enough)) for writer in range(WRITERS)])


async def until_gone(writing: Awaitable[None]) -> None:
    """Write until the server has gone."""
    with contextlib.suppress(sdk.errors.Unreachable):
        await writing


async def serve(directory: Path, ready: int) -> None:
    """A server's life."""
    clock = SystemClock()
    async with server.running(Settings(directory, port=0), clock, Steps(lambda _: None, clock)):
        os.write(ready, b"ready")
        await asyncio.Event().wait()


def life(directory: Path, known: Answered, chance: random.Random) -> None:
    """Fork a server, use it, and kill it; sometimes before it is ready."""
    reader, ready = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(reader)
        asyncio.run(serve(directory, ready))
        os._exit(0)
    os.close(ready)
    if chance.random() < 0.8:
        assert os.read(reader, 5) == b"ready", "the server did not start"
        asyncio.run(use(directory, pid, known, chance.random() * LONGEST))
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(reader)
    os.waitpid(pid, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    chance, known = random.Random(asked.seed), Answered()
    for _ in range(asked.kills):
        life(asked.directory, known, chance)
    print(f"{asked.kills} kills, {known.writes} writes answered")


if __name__ == "__main__":
    main()
