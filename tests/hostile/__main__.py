"""Twenty hostile pods beside a good one, for some minutes.

    python -m hostile [MINUTES] [--memory-cgroup DIR]       (in tests/)

The good pod's requests are timed alone, under attack, and alone again; then the hostile pods are deleted, and the
cluster is ended. The exit code is 1 where the good pod's p99 is more than twice what it is alone, a limit is passed by
more than a tenth (memory for longer than a second), or something is left.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from harness import leftovers
from harness.cluster import command, detach
from hostile import pods
from hostile.watch import Watch
from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.node import memory_group

PODS = sdk.kinds.PODS.raw
CLOCK = SystemClock()
PATIENCE = 120
WARM_UP = 3
"""Seconds of the good pod that do not count."""


@dataclass(slots=True)
class Report:
    """What was found, as lines, and whether it is as it should be."""

    missed: list[str] = field(default_factory=list[str])

    def figure(self, text: str, *, holds: bool = True) -> None:
        """Print a line, and note it where it does not hold."""
        print(text if holds else f"{text}   MISSED", flush=True)
        if not holds:
            self.missed.append(text)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a request."""

    p50: float
    p99: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms"


@dataclass(slots=True)
class Play:
    """A cluster with the good pod."""

    client: sdk.Client
    data: Path
    read: int = 0
    """How many lines of the good pod's log were read."""

    async def create(self, pod: pods.Json) -> None:
        """Create a pod and wait until it runs."""
        await self.client.create(PODS, pod, "default")
        key = sdk.Key("default", pod["metadata"]["name"])
        await sdk.until(self.client, PODS, key, _runs, CLOCK, PATIENCE)

    async def latency(self, seconds: float) -> Latency:
        """How the good pod's requests fare for so long."""
        await self._lines()
        await asyncio.sleep(seconds)
        taken = [int(word) / 1000 for line in await self._lines() for word in line.split()]
        cuts = quantiles(taken, n=100)
        return Latency(cuts[49], cuts[98])

    async def _lines(self) -> Sequence[str]:
        text = await self.client.read(PODS.path("default", pods.GOOD, "log"))
        lines = text.decode().splitlines()
        new, self.read = lines[self.read :], len(lines)
        return new

    async def delete(self, names: Sequence[str]) -> float:
        """Delete pods; the seconds until the last is gone."""
        began = time.monotonic()
        for name in names:
            await self.client.delete(PODS, sdk.Key("default", name))
        for name in names:
            await sdk.until(self.client, PODS, sdk.Key("default", name), lambda pod: pod is None, CLOCK, PATIENCE)
        return time.monotonic() - began


def _runs(pod: pods.Json | None) -> bool:
    return pod is not None and pod["status"]["phase"] == "Running"


@asynccontextmanager
async def client_of(data: Path) -> AsyncGenerator[sdk.Client]:
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([data / "admin.kubeconfig"]).access))
    account = sdk.Key("default", "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, PATIENCE)
    try:
        yield client
    finally:
        await client.close()


async def play(data: Path, place: Path, chosen: argparse.Namespace, report: Report) -> Watch:
    """The good pod alone, everybody, and the good pod alone again."""
    minutes, groups = chosen.minutes, memory_group.at(chosen.memory_cgroup) if chosen.memory_cgroup else None
    attacks, signal = place / "shown/attacks", place / "shown/signal"
    server = int((data / "server.lock").read_text())
    alone_for = max(15.0, min(60.0, minutes * 15))
    async with client_of(data) as client:
        here = Play(client, data)
        await here.create(pods.good())
        await asyncio.sleep(WARM_UP)
        before = await here.latency(alone_for)
        report.figure(f"the good pod alone: {before}")
        open_before = _descriptors(server)
        for one in pods.HOSTILE:
            await here.create(pods.hostile(one, attacks, signal))
        names = {
            pod["metadata"]["uid"]: pod["metadata"]["name"]
            for pod in (await client.list(PODS, sdk.Selection("default"))).items
        }
        watch = Watch(server, data, pods.MEMORY, groups)
        watch.look()
        await asyncio.sleep(2)
        watch.begin()
        (signal / "begin").touch()
        began, of_server = time.monotonic(), _spent(server)
        following = asyncio.create_task(watch.follow())
        under = await here.latency(minutes * 60)
        lasted = time.monotonic() - began
        following.cancel()
        report.figure(f"the server's own processor time: {(_spent(server) - of_server) / lasted:.2f} of a core")
        limits(watch, names, lasted, report)
        took = await here.delete([one.name for one in pods.HOSTILE])
        report.figure(f"hostile pods are gone {took:.1f} s after they were deleted")
        await asyncio.sleep(WARM_UP)
        after = await here.latency(alone_for)
        report.figure(f"the good pod alone again: {after}")
        alone = max(before.p99, after.p99)
        report.figure(
            f"the good pod under attack: {under}, {under.p99 / alone:.1f} times", holds=under.p99 <= 2 * alone
        )
        more = _descriptors(server) - open_before
        report.figure(f"descriptors of the server more than before: {more}", holds=more <= 2)
        return watch


def limits(watch: Watch, names: dict[str, str], lasted: float, report: Report) -> None:
    """How each hostile pod kept to what it was given."""
    mib = 1 << 20
    given = f"of {pods.MEMORY / mib:g} MiB, of {pods.PROCESSOR:g} processors, of {pods.PIDS} threads"
    print(f"{given:60}{'peak MiB':>9}{'s over':>8}{'share':>8}{'threads':>9}")
    for uid, pod in watch.pods.items():
        if names.get(uid, pods.GOOD) == pods.GOOD:
            continue
        share = pod.processor / lasted
        holds = pod.over <= 1 and share <= 1.1 * pods.PROCESSOR and pod.threads <= pods.PIDS
        figures = f"{pod.peak / mib:9.1f}{pod.over:8.2f}{share:8.3f}{pod.threads:9}"
        report.figure(f"{names[uid]:60}{figures}", holds=holds)


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _spent(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Play, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", type=float, nargs="?", default=10)
    parser.add_argument("--memory-cgroup", type=Path, help="where each pod gets a cgroup, by which it is measured")
    chosen = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="hostile-") as made:
        place = Path(made)
        for name in ("attacks", "signal"):
            (place / "shown" / name).mkdir(parents=True)
        pods.compile_attacks(place / "shown/attacks")
        data, before = place / "data", leftovers.things()
        server = detach(data, "--pod-pids", str(pods.PIDS), "--allow-host-path", place / "shown")
        try:
            watch = asyncio.run(play(data, place, chosen, report))
        finally:
            there = leftovers.processes_below(server)
            ended = command("down", "--data-dir", data)
        watch.close()
        processes, things = leftovers.left(there, before)
        kept = sorted(str(path.relative_to(data)) for path in (data / "node" / "pods").glob("*/volumes/*"))
        nothing = not processes and not things and ended.returncode == 0
        report.figure(f"left after `down`: processes {processes}, things {sorted(things)}", holds=nothing)
        report.figure(f"directories of hostile pods that are left: {kept}", holds=len(kept) <= 1)
    sys.exit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
