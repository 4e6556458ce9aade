"""A whole control plane over TLS with a fake node, in a thread of its own, so that tests can be plain functions."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from apiserver.authority import Authority
from podvisor import apiserver, controllers, scheduler, sdk
from podvisor.apiserver import access
from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.sdk.objects.core import Pod
from podvisor.store import embedded
from podvisor.testing.fake_node import FakeNode
from podvisor.testing.memory_journal import MemoryJournal

CLOCK = SystemClock()
EXIT_CODE = "testing.podvisor.dev/exit-code"
"""Annotation of pods whose containers end at once, with this code."""


@contextmanager
def running(directory: Path) -> Iterator[Path]:
    """The cluster while the block runs; the administrator's kubeconfig."""
    thread = _Thread(directory)
    thread.start()
    try:
        yield thread.kubeconfig()
    finally:
        thread.stop()


class _Thread(threading.Thread):
    def __init__(self, directory: Path) -> None:
        super().__init__(name="cluster", daemon=True)
        self._directory = directory
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
        async with embedded.running(MemoryJournal(), clock=CLOCK) as store:
            allowed = access.Access([access.ClientCertificates(), access.Tokens()])
            app = apiserver.app(apiserver.Settings(), store, allowed, CLOCK)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            listener = socket.create_server(("127.0.0.1", 0))
            tls = authority.server_context(self._directory)
            await web.SockSite(runner, listener, ssl_context=tls).start()
            port = listener.getsockname()[1]
            kubeconfig = authority.kubeconfig(self._directory, f"https://127.0.0.1:{port}")
            await self._work(sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([kubeconfig]).access)), kubeconfig)
            await runner.cleanup()

    async def _work(self, client: sdk.Client, kubeconfig: Path) -> None:
        async with tasks.background() as scope:
            scope.start(controllers.run(client, controllers.Settings(root_authority="PEM"), CLOCK))
            scope.start(scheduler.run(client, scheduler.Settings(), CLOCK))
            scope.start(FakeNode(client, CLOCK, ends=_ends).run())
            account = sdk.Key("default", "default")
            await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, 20)
            self._kubeconfig = kubeconfig
            self._ready.set()
            await self._over.wait()
        await client.close()


def _ends(pod: Pod) -> int | None:
    code = pod.metadata.annotations.get(EXIT_CODE)
    return int(code) if code else None
