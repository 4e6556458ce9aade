"""A real API server over TLS on a free port, with a store in memory, and clients for it."""

import asyncio
import io
import shutil
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from apiserver import authority
from podvisor.apiserver import Api as Server
from podvisor.apiserver import Settings, access, app
from podvisor.apiserver.access.rbac import Rbac
from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.cluster.authorization import authorizer
from podvisor.cluster.nodes import HttpsNodes
from podvisor.store import embedded
from podvisor.store.backend import Backend
from podvisor.testing.memory_journal import MemoryJournal


@dataclass(frozen=True)
class Reply:
    """What the server said."""

    code: int
    body: Any
    headers: dict[str, str]

    @property
    def message(self) -> str:
        return self.body["message"]


@dataclass(frozen=True)
class Api:
    """A client that says exactly what a test wants."""

    session: aiohttp.ClientSession
    address: str

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        sent = {"Content-Type": "application/json", "Accept": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | io.BytesIO | None) else orjson.dumps(body)
        async with self.session.request(method, self.address + path, data=data, headers=sent) as answer:
            raw = await answer.read()
            is_json = "json" in answer.headers.get("Content-Type", "")
            return Reply(answer.status, orjson.loads(raw) if is_json and raw else raw, dict(answer.headers))

    async def get(self, path: str, **headers: str) -> Reply:
        return await self("GET", path, **headers)

    async def post(self, path: str, body: Any) -> Reply:
        return await self("POST", path, body)

    async def put(self, path: str, body: Any) -> Reply:
        return await self("PUT", path, body)

    async def patch(self, path: str, body: Any, kind: str = "merge") -> Reply:
        media_type = {"json": "json-patch", "merge": "merge-patch", "strategic": "strategic-merge-patch"}[kind]
        return await self("PATCH", path, body, Content_Type=f"application/{media_type}+json")

    async def delete(self, path: str, body: Any = None) -> Reply:
        return await self("DELETE", path, body)


@pytest.fixture(scope="session")
def ca() -> authority.Authority:
    return authority.Authority()


@pytest.fixture
async def nodes(ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[HttpsNodes]:
    """How the server reaches nodes."""
    async with HttpsNodes(ca.client_context(tmp_path, "apiserver")) as nodes:
        yield nodes


@asynccontextmanager
async def serving(application: web.Application, ca: authority.Authority, directory: Path) -> AsyncGenerator[int]:
    """Serve over TLS; the port."""
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener, ssl_context=ca.server_context(directory)).start()
    yield listener.getsockname()[1]
    await runner.cleanup()


@pytest.fixture
async def store() -> AsyncGenerator[Backend]:
    async with embedded.running(MemoryJournal(), clock=SystemClock()) as store:
        yield store


@pytest.fixture
async def address(ca: authority.Authority, tmp_path: Path, nodes: HttpsNodes, store: Backend) -> AsyncGenerator[str]:
    """A running server, which decides who may do what as that of a cluster does."""
    rbac = Rbac(store)
    authenticators = [access.ClientCertificates(), access.Tokens(KnownTokens())]
    allowed = access.Access(authenticators, authorizer(store, rbac), [KnownTokens()])
    settings = Settings(bookmark_interval=0.2, client_authority="the authority")
    async with tasks.background() as scope:
        scope.start(rbac.run())
        async with serving(app(Server(settings, store, allowed, SystemClock(), nodes=nodes)), ca, tmp_path) as port:
            yield f"https://127.0.0.1:{port}"


class KnownTokens:
    """Tokens that say who they are for."""

    async def known(self, token: str, audiences: Sequence[str] = ()) -> access.Known | None:
        known = access.Known(access.User("bearer", ["system:masters"], "u1"), audiences or ["https://api"])
        if token == "old":
            raise access.Rejected("it has expired")
        return known if token == "good" and "others" not in audiences else None


@pytest.fixture
async def api(address: str, ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[Api]:
    """A client of group `system:masters`."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ca.client_context(tmp_path))) as session:
        yield Api(session, address)


@pytest.fixture
async def stranger(address: str, ca: authority.Authority) -> AsyncGenerator[Api]:
    """A client without a certificate."""
    context = ssl.create_default_context(cadata=ca.pem)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Api(session, address)


Kubectl = Callable[..., Awaitable[str]]


@pytest.fixture
async def kubectl(address: str, ca: authority.Authority, tmp_path: Path, api: Api) -> Kubectl:
    """Run kubectl; its output, both streams. An exit code other than `code` fails the test."""
    binary = shutil.which("kubectl")
    if binary is None:
        pytest.skip("there is no kubectl on this machine")
    config = ca.kubeconfig(tmp_path, address)
    service_account = {"metadata": {"name": "default"}}
    await api.post("/api/v1/namespaces/default/serviceaccounts", service_account)

    async def run(*arguments: str, given: str = "", code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            binary,
            *arguments,
            env={
                "KUBECONFIG": str(config),
                "HOME": str(tmp_path),
                "PATH": "/usr/bin:/bin",
                "KUBECTL_EXTERNAL_DIFF": "diff -u -N",
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output = (await process.communicate(given.encode()))[0].decode()
        assert process.returncode == code, output
        return output

    return run
