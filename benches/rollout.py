"""How long the control plane alone takes: from a created pod, or Deployment, to everything Running.

    python benches/rollout.py [--sizes 50 200]

Everything above the node is real and in this process, as in `podvisor up`: API server, store in memory, scheduler,
controllers. Who creates and watches comes over TLS. The node is a fake that says at once that a pod runs, so what is
left of a target (250 ms for a pod, 5 s for 50 pods, 25 s for 200) is what images and sandboxes may take.
"""

import argparse
import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

import uvloop
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from apiserver.authority import Authority
from podvisor import apiserver, controllers, scheduler, sdk
from podvisor.apiserver import access
from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.sdk import kinds
from podvisor.store import embedded
from podvisor.testing.fake_node import FakeNode
from podvisor.testing.memory_journal import MemoryJournal

CLOCK = SystemClock()
PATIENCE = 120.0
PODS = 50
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "web"}]}}


@asynccontextmanager
async def cluster() -> AsyncGenerator[sdk.Client]:
    """The control plane and one node."""
    authority, directory = Authority(), Path(tempfile.mkdtemp(prefix="podvisor-bench-"))
    async with embedded.running(MemoryJournal(), clock=CLOCK) as store:
        api = apiserver.Api(apiserver.Settings(), store, access.Access([access.ClientCertificates()]), CLOCK)
        runner = web.AppRunner(apiserver.app(api), access_log=None, shutdown_timeout=1)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, listener, ssl_context=authority.server_context(directory)).start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
        client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([authority.kubeconfig(directory, address)]).access))
        async with tasks.background() as scope:
            own = sdk.Client(sdk.InProcess(api, access.User("system:kube-controller-manager", ["system:masters"])))
            scope.start(controllers.run(own, controllers.Settings(), CLOCK))
            scope.start(scheduler.run(own, scheduler.Settings(), CLOCK))
            scope.start(FakeNode(own, CLOCK).run())
            account = sdk.Key("default", "default")
            await sdk.until(client, kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, PATIENCE)
            yield client
        await client.close()
        await runner.cleanup()


async def pod(client: sdk.Client, number: int) -> float:
    """Seconds from the create of one pod to Running, as a watch sees it."""
    key = sdk.Key("default", f"pod-{number}")
    started = time.perf_counter()
    await client.create(kinds.PODS, {"metadata": {"name": key.name}, "spec": TEMPLATE["spec"]}, "default")
    await sdk.until(
        client, kinds.PODS, key, lambda one: one is not None and one.status.phase == "Running", CLOCK, PATIENCE
    )
    return time.perf_counter() - started


async def deployment(client: sdk.Client, size: int) -> tuple[float, float]:
    """Seconds from the create of a Deployment to all of its pods Running; and of this process's CPU time."""
    key = sdk.Key("default", f"web-{size}")
    labels = {"app": key.name}
    template = {**TEMPLATE, "metadata": {"labels": labels}}
    spec = {"replicas": size, "selector": {"matchLabels": labels}, "template": template}
    started, cpu = time.perf_counter(), time.process_time()
    await client.create(kinds.DEPLOYMENTS, {"metadata": {"name": key.name}, "spec": spec}, "default")

    def is_done(one: object) -> bool:
        return isinstance(one, sdk.objects.apps.Deployment) and one.status.available_replicas == size

    await sdk.until(client, kinds.DEPLOYMENTS, key, is_done, CLOCK, PATIENCE)
    return time.perf_counter() - started, time.process_time() - cpu


async def measure(sizes: list[int]) -> None:
    async with cluster() as client:
        waits = [await pod(client, number) * 1e3 for number in range(PODS)]
        print(f"one pod     p50 {median(waits):6.0f} ms   p99 {quantiles(waits, n=100)[98]:6.0f} ms")
        for size in sizes:
            wall, cpu = await deployment(client, size)
            print(f"{size:4} pods   {wall:6.2f} s, of which {cpu:5.2f} s CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200])
    uvloop.install()
    asyncio.run(measure(parser.parse_args().sizes))


if __name__ == "__main__":
    main()
