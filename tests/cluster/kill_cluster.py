"""Kill -9 a whole cluster's processes again and again, with pods running and clients writing.

    python -m cluster.kill_cluster DIRECTORY --kills 200 --seed 7        (in tests/)

Each round kills one process that is drawn by lot: the server, a pod's kernel, a helper of one, or a guest. Afterwards,
and after the next `podvisor up` where the server went: every write that was answered is there, whole; no process is
left of what was killed; a pod of the Deployment runs again with one more restart; one that is never restarted has
failed; and no directory of a pod that is gone is left.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cluster import kept, victims
from cluster.kept import Pods
from cluster.kill_servers import Answered, check, write_all
from cluster.victims import Victim
from harness import leftovers
from harness.cluster import command, up
from podvisor import sdk

LONGEST = 0.4
"""Seconds that clients write at most in a round."""
SERVERS = 0.4
"""The share of the kills that is the server's."""


@dataclass(slots=True)
class Game:
    """What is played on, and what the clients know."""

    data: Path
    chance: random.Random
    known: Answered = field(default_factory=Answered)
    kills: Counter[str] = field(default_factory=Counter[str])
    server: subprocess.Popen[str] | None = None

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[sdk.Client]:
        client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([self.data / "admin.kubeconfig"]).access))
        try:
            yield client
        finally:
            await client.close()


async def play(game: Game) -> None:
    """One round."""
    if game.server is None:
        game.server = up(game.data)
    pid = game.server.pid
    async with game.client() as client:
        before = await ready(client)
        everything = leftovers.processes_below(pid)
        victim = draw(game, pid)
        game.kills[victim.what] += 1
        await write_and_kill(client, game, victim)
        if victim.what != "server":
            await pod_goes_on(client, victim, before)
            await check(client, game.known)
            return
    game.server.communicate()
    game.server = None
    assert leftovers.left(everything, leftovers.things())[0] == [], "processes outlive their server"
    game.server = up(game.data)
    async with game.client() as client:
        await check(client, game.known)
        await pods_are_begun_again(client, before)
        await directories_are_gone(client, game.data)


async def ready(client: sdk.Client) -> Pods:
    """Have everything run that should, and nothing of it be about to wait."""
    await kept.renew(client)
    await kept.create(client)
    return await kept.until(client, kept.all_run)


def draw(game: Game, server: int) -> Victim:
    """Whom to kill: first which kind, then which one."""
    if game.chance.random() < SERVERS:
        return Victim("server", leftovers.process(server))
    there = victims.of_pods(server, game.data)
    kind = game.chance.choice(sorted({one.what for one in there}))
    return game.chance.choice([one for one in there if one.what == kind])


async def write_and_kill(client: sdk.Client, game: Game, victim: Victim) -> None:
    """Have clients write, and the victim killed meanwhile."""
    enough = asyncio.Event()

    def kill() -> None:
        os.kill(victim.process.pid, signal.SIGKILL)
        if victim.what != "server":
            enough.set()

    asyncio.get_running_loop().call_later(game.chance.random() * LONGEST, kill)
    await write_all(client, game.known, enough)


async def pod_goes_on(client: sdk.Client, victim: Victim, before: Pods) -> None:
    """One of its processes was killed. A guest need not be its container's first."""
    once = restarted = kept.restarts(before[victim.pod])
    restarted += victim.what != "guest"

    def mended(pods: Pods) -> bool:
        pod = pods[victim.pod]
        if kept.is_single(pod):
            return kept.failed(pod) or (victim.what == "guest" and kept.runs(pod))
        return kept.runs(pod) and kept.restarts(pod) in {restarted, once + 1}

    await kept.until(client, mended)


async def pods_are_begun_again(client: sdk.Client, before: Pods) -> None:
    """The server was killed, and the pods with it."""

    def mended(pods: Pods) -> bool:
        return pods.keys() == before.keys() and all(
            kept.failed(pod)
            if kept.is_single(pod)
            else kept.runs(pod) and kept.restarts(pod) > kept.restarts(before[uid])
            for uid, pod in pods.items()
        )

    await kept.until(client, mended)


async def directories_are_gone(client: sdk.Client, data: Path) -> None:
    """No pod that is gone has left its directory."""
    pods = {pod["metadata"]["uid"] for pod in (await client.list(kept.PODS)).items}
    left = {path.name for path in (data / "node" / "pods").iterdir()} - pods
    assert not left, f"pods that are gone have left {left}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    game = Game(asked.directory, random.Random(asked.seed))
    try:
        for number in range(asked.kills):
            asyncio.run(play(game))
            if sys.stdout.isatty() or number % 20 == 19:
                print(f"{number + 1} kills", flush=True)
    finally:
        command("down", "--data-dir", game.data)
    told = ", ".join(f"{count} {what}" for what, count in game.kills.most_common())
    print(f"{asked.kills} kills ({told}), {game.known.writes} writes answered")


if __name__ == "__main__":
    main()
