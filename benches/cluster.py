"""A cluster with real pods: its start, what it costs while idle, and how fast pods come.

    python benches/cluster.py [--sizes 50 200] [--idle 30]

Every figure has its target (issue 3, part 8) beside it. The clusters are separate processes, as users have them; where
a pod's time goes is measured last, on one that runs in this process (`benches/spans.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median, quantiles

from benches import peers, spans
from podvisor import sdk
from podvisor.base.clock import SystemClock
from podvisor.cluster.directory import Directory
from podvisor.sdk.objects.core import Pod
from podvisor.tour import processes
from podvisor.tour.processes import Process

PODVISOR = [sys.executable, "-m", "podvisor"]
CLOCK = SystemClock()
STARTS = 5
PODS = 30
IDLE_PODS = 10
PATIENCE = 180.0
SPEC = {
    "containers": [{"name": "main", "image": "host", "command": ["sleep", "infinity"]}],
    "terminationGracePeriodSeconds": 0,
}


def figure(title: str, value: float, unit: str, target: float | None = None, remark: str = "") -> None:
    """Print one figure beside its target."""
    verdict = "" if target is None else "met" if value <= target else "MISSED"
    aim = "" if target is None else f"<= {target:g} {unit}"
    print(f"{title:44} {value:9.1f} {unit:8} {aim:14} {verdict:7} {remark}".rstrip(), flush=True)


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[50, 200])
    parser.add_argument("--idle", type=float, default=30, help="seconds")
    chosen = parser.parse_args()
    starts()
    with cluster() as directory:
        idle("idle, no pods", directory, chosen.idle)
        asyncio.run(single_pods(directory))
        idle(f"idle, {IDLE_PODS} pods", directory, chosen.idle)
    for size in chosen.sizes:
        with cluster() as directory:
            asyncio.run(deployment(directory, size))
    print(f"\nwhere the time of one pod goes, ms: {asyncio.run(spans.of_a_pod(SPEC, PODS))}")
    print("\none container that runs /bin/true, start to end, as others do it:")
    peers.compare()


@contextmanager
def cluster(say: list[str] | None = None) -> Generator[Directory]:
    """A cluster of its own that runs; `say` gets what `up` has told."""
    with tempfile.TemporaryDirectory(prefix="podvisor-bench-") as place:
        data = ["--data-dir", f"{place}/data"]
        up = subprocess.run([*PODVISOR, "up", *data, "--port", "0", "--detach"], capture_output=True, text=True)
        if up.returncode:
            raise SystemExit(f"podvisor up: {up.stderr}")
        if say is not None:
            say += up.stdout.splitlines()
        try:
            yield Directory(Path(place) / "data")
        finally:
            subprocess.run([*PODVISOR, "down", *data], check=True, capture_output=True)


def starts() -> None:
    """From the command to a node that is Ready, on a fresh directory; and how long the end takes."""
    taken: list[float] = []
    ends: list[float] = []
    told: list[str] = []
    for _ in range(STARTS):
        told.clear()
        began = time.perf_counter()
        with cluster(told):
            taken.append(time.perf_counter() - began)
            began = time.perf_counter()
        ends.append(time.perf_counter() - began)
    figure("podvisor up, to node Ready", median(taken), "s", 2.5, f"median of {STARTS} on fresh directories")
    figure("podvisor down", median(ends), "s")
    for line in told[:-1]:
        print(f"    {line}")


def idle(title: str, directory: Directory, seconds: float) -> None:
    """Memory of all processes together, and the processor time that they take."""
    time.sleep(3)
    there = tree(directory)
    before = spent(there)
    time.sleep(seconds)
    share = (spent(there) - before) / seconds
    figure(f"{title}: memory (PSS)", processes.memory(there), "MB", 160, f"{len(there)} processes")
    figure(f"{title}: of a core", 100 * share, "%", 1, f"over {seconds:g} s")


async def single_pods(directory: Directory) -> None:
    """One pod after the other, as a watch sees it; then the memory of those that idle."""
    async with client_of(directory) as client:
        waits = [await pod(client, f"one-{number}") * 1000 for number in range(PODS)]
        remark = f"p90 {quantiles(waits, n=10)[-1]:.0f} ms, slowest {max(waits):.0f} ms, of {PODS}"
        figure("one pod, created to Running", median(waits), "ms", 250, remark)
        for number in range(IDLE_PODS, PODS):
            await client.delete(sdk.kinds.PODS, sdk.Key("default", f"one-{number}"))
        while len(kernels := processes.children(tree(directory)[0].pid)) > IDLE_PODS:
            await CLOCK.sleep(0.1)
        each = [processes.memory(processes.below(kernel.pid)) for kernel in kernels]
        figure("an idle pod, memory (PSS)", median(each), "MB", 6, f"median of {len(each)}: kernel and program")


async def pod(client: sdk.Client, name: str) -> float:
    """Seconds from the create to Running."""
    began = time.perf_counter()
    await client.create(sdk.kinds.PODS, {"metadata": {"name": name}, "spec": SPEC}, "default")
    await sdk.until(client, sdk.kinds.PODS, sdk.Key("default", name), is_running, CLOCK, PATIENCE)
    return time.perf_counter() - began


def is_running(found: Pod | None) -> bool:
    return found is not None and found.status.phase == "Running"


async def deployment(directory: Directory, size: int) -> None:
    """Seconds until all pods of a Deployment run, and the processor time of each."""
    labels = {"app": "many"}
    template = {"metadata": {"labels": labels}, "spec": SPEC}
    spec = {"replicas": size, "selector": {"matchLabels": labels}, "template": template}
    async with client_of(directory) as client:
        server = tree(directory)[:1]
        before, began = spent(server), time.perf_counter()
        listed = await client.list(sdk.kinds.PODS, sdk.Selection("default"))
        await client.create(sdk.kinds.DEPLOYMENTS, {"metadata": {"name": "many"}, "spec": spec}, "default")
        await all_running(client, listed.metadata.resource_version, size)
        taken = time.perf_counter() - began
        of_server = spent(server) - before
        of_pods = spent(tree(directory)[1:])
    target = {50: 5.0, 200: 25.0}.get(size)
    remark = f"processor time a pod: server {1000 * of_server / size:.0f} ms, sandbox {1000 * of_pods / size:.0f} ms"
    figure(f"a Deployment of {size}, all Running", taken, "s", target, remark)
    figure(f"memory with {size} pods (PSS)", processes.memory(tree(directory)), "MB")


async def all_running(client: sdk.Client, since: str, size: int) -> None:
    """Watch from a version until so many pods run."""
    running: set[str] = set()
    async with CLOCK.timeout(PATIENCE):
        async for change in client.watch(sdk.kinds.PODS, since, sdk.Selection("default", labels="app=many")):
            if isinstance(change, sdk.Changed) and change.object.status.phase == "Running":
                running.add(change.object.metadata.name)
                if len(running) == size:
                    return


@asynccontextmanager
async def client_of(directory: Directory) -> AsyncGenerator[sdk.Client]:
    """A client of the administrator."""
    access = sdk.kubeconfig.load([directory.admin_kubeconfig]).access
    client = sdk.Client(sdk.HttpTransport(access))
    account = sdk.Key("default", "default")
    await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, PATIENCE)
    try:
        yield client
    finally:
        await client.close()


def tree(directory: Directory) -> list[Process]:
    """The cluster's processes, the server first."""
    pid = directory.holder()
    assert pid is not None
    return processes.below(pid)


def spent(there: Sequence[Process]) -> float:
    """Processor seconds so far of the threads that still run (the kernel's sched-stats.rst, /proc/<pid>/schedstat)."""
    total = 0
    for one in there:
        for thread in Path(f"/proc/{one.pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(thread.read_text().split()[0])
    return total / 1e9


if __name__ == "__main__":
    main()
