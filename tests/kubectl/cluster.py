"""A whole control plane over TLS with a fake node, in a thread of its own, so that tests can be plain functions.

The node can have a server, for logs and commands; without one it cannot be reached.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from apiserver import kubelet
from apiserver.authority import Authority
from apiserver.conftest import serving
from podvisor import apiserver, controllers, scheduler, sdk
from podvisor.apiserver import access
from podvisor.apiserver.access.rbac import Rbac
from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.cluster.authorization import authorizer
from podvisor.cluster.nodes import HttpsNodes
from podvisor.sdk.objects.core import Pod
from podvisor.store import embedded
from podvisor.testing.fake_node import FakeNode
from podvisor.testing.memory_journal import MemoryJournal

CLOCK = SystemClock()
ACCOUNT, NODE = sdk.Key("default", "default"), sdk.Key("", "fake")
EXIT_CODE = "testing.podvisor.dev/exit-code"
"""Annotation of pods whose containers end at once, with this code."""


@contextmanager
def running(directory: Path, *, reachable: bool = False) -> Iterator[Path]:
    """The cluster while the block runs; the administrator's kubeconfig."""
    thread = _Thread(directory, reachable)
    thread.start()
    try:
        yield thread.kubeconfig()
    finally:
        thread.stop()


class _Thread(threading.Thread):
    def __init__(self, directory: Path, reachable: bool) -> None:
        super().__init__(name="cluster", daemon=True)
        self._directory = directory
        self._reachable = reachable
        self._ready = threading.Event()
        self._kubeconfig: Path | None = None
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()

    def kubeconfig(self) -> Path:
        self._ready.wait()
        assert self._kubeconfig, "the cluster did not start"
        return self._kubeconfig

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self.join()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            finally:
                self._ready.set()

    async def _serve(self) -> None:
        authority = Authority()
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(embedded.running(MemoryJournal(), clock=CLOCK))
            rbac = Rbac(store)
            (await stack.enter_async_context(tasks.background())).start(rbac.run())
            allowed = access.Access([access.ClientCertificates(), access.Tokens()], authorizer(store, rbac))
            far = HttpsNodes(authority.client_context(self._directory, "apiserver"))
            nodes = await stack.enter_async_context(far) if self._reachable else None
            app = apiserver.app(apiserver.Api(apiserver.Settings(), store, allowed, CLOCK, nodes=nodes))
            port = await stack.enter_async_context(serving(app, authority, self._directory))
            node = await stack.enter_async_context(serving(kubelet.app(), authority, self._directory))
            kubeconfig = authority.kubeconfig(self._directory, f"https://127.0.0.1:{port}")
            await self._work(sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([kubeconfig]).access)), kubeconfig, node)

    async def _work(self, client: sdk.Client, kubeconfig: Path, node: int) -> None:
        async with tasks.background() as scope:
            scope.start(controllers.run(client, controllers.Settings(root_authority="PEM"), CLOCK))
            scope.start(scheduler.run(client, scheduler.Settings(), CLOCK))
            scope.start(FakeNode(client, CLOCK, ends=_ends).run())
            await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, ACCOUNT, lambda one: one is not None, CLOCK, 20)
            await sdk.until(client, sdk.kinds.NODES, NODE, lambda one: bool(one and one.status.conditions), CLOCK, 20)
            await client.patch(sdk.kinds.NODES, NODE, {"status": kubelet.addresses(node)}, sdk.STATUS)
            self._kubeconfig = kubeconfig
            self._ready.set()
            await self._over.wait()
        await client.close()


def _ends(pod: Pod) -> int | None:
    code = pod.metadata.annotations.get(EXIT_CODE)
    return int(code) if code else None
