"""Everything above the node, for real: API server over TLS, scheduler, controllers; and a fake node."""

import asyncio
import shutil
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
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

Kubectl = Callable[..., Awaitable[str]]
CLOCK = SystemClock()
EXIT_CODE = "testing.podvisor.dev/exit-code"
"""Annotation of pods whose containers end at once, with this code."""


@pytest.fixture
async def api() -> AsyncGenerator[apiserver.Api]:
    """An API server."""
    async with embedded.running(MemoryJournal(), clock=CLOCK) as store:
        allowed = access.Access([access.ClientCertificates(), access.Tokens()])
        yield apiserver.Api(apiserver.Settings(), store, allowed, CLOCK)


@pytest.fixture
async def kubeconfig(tmp_path: Path, api: apiserver.Api) -> AsyncGenerator[Path]:
    """How it is reached from outside."""
    authority = Authority()
    runner = web.AppRunner(apiserver.app(api), access_log=None, shutdown_timeout=1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener, ssl_context=authority.server_context(tmp_path)).start()
    yield authority.kubeconfig(tmp_path, f"https://127.0.0.1:{listener.getsockname()[1]}")
    await runner.cleanup()


@pytest.fixture
async def client(kubeconfig: Path) -> AsyncGenerator[sdk.Client]:
    client = sdk.Client(sdk.HttpTransport(sdk.kubeconfig.load([kubeconfig]).access))
    yield client
    await client.close()


@pytest.fixture
async def cluster(client: sdk.Client, api: apiserver.Api) -> AsyncGenerator[sdk.Client]:
    """The whole control plane and one node, which share the API server's process, and a client from outside."""
    own = sdk.Client(sdk.InProcess(api, access.User("system:kube-controller-manager", ["system:masters"])))

    def ends(pod: Pod) -> int | None:
        code = pod.metadata.annotations.get(EXIT_CODE)
        return int(code) if code else None

    async with tasks.background() as scope:
        scope.start(controllers.run(own, controllers.Settings(root_authority="PEM"), CLOCK))
        scope.start(scheduler.run(own, scheduler.Settings(), CLOCK))
        scope.start(FakeNode(own, CLOCK, ends=ends).run())
        account = sdk.Key("default", "default")
        await sdk.until(client, sdk.kinds.SERVICEACCOUNTS, account, lambda one: one is not None, CLOCK, 20)
        yield client


@pytest.fixture
async def kubectl(kubeconfig: Path, tmp_path: Path, cluster: sdk.Client) -> Kubectl:
    """Run kubectl against the cluster; its output, both streams. An exit code other than `code` fails the test."""
    binary = shutil.which("kubectl")
    if binary is None:
        pytest.skip("there is no kubectl on this machine")

    async def run(*arguments: str, given: str = "", code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            binary,
            *arguments,
            env={"KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate(given.encode()))[0].decode()
        assert process.returncode == code, output
        return output

    return run
