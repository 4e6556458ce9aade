"""The transport over sockets: HTTP/1.1 on TLS, with a client certificate or a token."""

import ssl
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from yarl import URL

from podvisor.sdk import errors
from podvisor.sdk.transport import Reply, Request

CONNECTIONS = 16
"""Requests that are on their way at once; further ones wait, which costs less than more handshakes would."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an API server, and as whom."""

    server: str
    """`https://host:port`, with a path in front of the API's own if there is one."""
    authority: bytes = b""
    """PEM certificates that the server's must descend from; empty means the system's."""
    certificate: bytes = b""
    """PEM of the client's own certificate; empty for none."""
    key: bytes = field(default=b"", repr=False)
    """PEM of its private key."""
    token: str = field(default="", repr=False)
    """A bearer token; empty for none."""
    token_file: str = ""
    """A file to read the bearer token from, again for every request, since a mounted token is renewed in place."""
    insecure: bool = False
    """Accept any certificate of the server."""
    timeout: float = 60.0
    """Seconds for a whole reply, unless it is streaming."""

    def bearer(self) -> str:
        """The token to send now, or nothing."""
        return Path(self.token_file).read_text().strip() if self.token_file else self.token


class HttpTransport:
    """Carries requests over pooled connections. Must be used and closed within one event loop."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._base = access.server.rstrip("/")
        self._context: ssl.SSLContext | None = None
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        """For streams, each of which keeps its connection to itself, and for everything else."""

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncGenerator[Reply]:
        url = URL(self._base + request.path, encoded=True).with_query(dict(request.query))
        total = None if request.streaming else self._access.timeout
        try:
            async with self._session(streaming=request.streaming).request(
                request.method,
                url,
                headers=self._headers(request),
                data=request.body,
                timeout=aiohttp.ClientTimeout(total=total, sock_connect=self._access.timeout),
                allow_redirects=False,
            ) as response:
                yield _HttpReply(response)
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise errors.Unreachable(f"{request.method} {url}: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Give up all connections. TLS is not taken leave of: that would outlast the loop of a short-lived caller."""
        while self._sessions:
            session = self._sessions.popitem()[1]
            if session.connector is not None:
                await session.connector.close(abort_ssl=True)
            await session.close()

    def _session(self, *, streaming: bool) -> aiohttp.ClientSession:
        if streaming not in self._sessions:
            limit = 0 if streaming else CONNECTIONS
            connector = aiohttp.TCPConnector(ssl=self._secure(), limit=limit, keepalive_timeout=60)
            self._sessions[streaming] = aiohttp.ClientSession(connector=connector)
        return self._sessions[streaming]

    def _secure(self) -> ssl.SSLContext | bool:
        if self._context is None and self._base.startswith("https:"):
            self._context = tls_context(self._access)
        return self._context or True

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "podvisor", **request.headers}
        if bearer := self._access.bearer():
            headers["Authorization"] = f"Bearer {bearer}"
        return headers


class _HttpReply:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def read(self) -> bytes:
        return await self._response.read()

    async def lines(self) -> AsyncIterator[bytes]:
        """Of any length: aiohttp's own line reader refuses lines above its buffer's size."""
        rest: list[bytes] = []
        async for chunk in self._response.content.iter_any():
            *ended, last = chunk.split(b"\n")
            for line in ended:
                whole = b"".join([*rest, line])
                rest.clear()
                if whole:
                    yield whole
            rest.append(last)
        if whole := b"".join(rest):
            yield whole


def tls_context(access: Access) -> ssl.SSLContext:
    """Trust what `access` trusts, and present its certificate."""
    context = ssl.create_default_context(cadata=access.authority.decode() or None)
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate:
        with tempfile.NamedTemporaryFile(prefix="podvisor-client-") as both:
            both.write(access.certificate + b"\n" + access.key)
            both.flush()
            context.load_cert_chain(both.name)
    return context
