"""The HTTPS client for servers that a cluster's objects name: webhooks, and conversions of custom resources.

Sends a JSON object, expects one. Nothing of who asked this server is sent along, no redirect is followed, and an answer
has a bound in time and in size. https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

import asyncio
import base64
import ssl
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import aiohttp.abc
import orjson
from yarl import URL

from podvisor.apiserver.reach import dialing
from podvisor.apiserver.reach.dialing import PodPort
from podvisor.apiserver.reach.http_client import PodConnector
from podvisor.apiserver.reach.sockets import Sockets
from podvisor.apiserver.resource import Json
from podvisor.apiserver.streams.node import NodeStreams

_MAX_ANSWER = 3 * 1024 * 1024
_MAX_KEPT = 256
"""Authorities whose TLS contexts are kept."""


class CallFailed(Exception):
    """No usable answer came, and why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server is."""

    url: str
    """As it is shown, and as it goes into the Host header."""
    authority: str = ""
    """`caBundle`: who vouches for it; empty for whom the machine trusts."""
    address: tuple[str, int] | None = None
    """Where it listens, if its name is no name of DNS."""
    pod: PodPort | None = None
    """The pod that it runs in, if it runs in one: it is reached through the pod's node."""


class WebhookClient:
    """Connections are kept between calls; `close` ends them."""

    def __init__(self, nodes: NodeStreams) -> None:
        self._nodes = nodes
        self._sockets = Sockets()
        self._sessions: dict[tuple[object, ...], aiohttp.ClientSession] = {}

    async def post(self, endpoint: Endpoint, body: Json, seconds: float) -> Json:
        """The answer of `endpoint` to `body`, of at most 3 MB or four times what was sent. Raises CallFailed."""
        url = URL(endpoint.url).update_query(timeout=f"{seconds:g}s")
        try:
            async with asyncio.timeout(seconds):
                return await self._post(endpoint, url, body)
        except TimeoutError:
            raise CallFailed(f'Post "{url}": context deadline exceeded') from None
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError) as error:
            raise CallFailed(f'Post "{url}": {error}') from error

    async def close(self) -> None:
        """End all connections."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()
        await self._sockets.close()

    async def _post(self, endpoint: Endpoint, url: URL, body: Json) -> Json:
        headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
        session = await self._session(endpoint)
        sent = orjson.dumps(body)
        most = max(_MAX_ANSWER, 4 * len(sent))
        async with session.post(url, data=sent, headers=headers, allow_redirects=False) as answer:
            content = await answer.content.read(most + 1)
            while content and len(content) <= most and (more := await answer.content.read(_MAX_ANSWER)):
                content += more
            if answer.status != 200:
                raise CallFailed(content[:1000].decode(errors="replace").strip() or f"status {answer.status}")
        if len(content) > most:
            raise CallFailed(f"the answer has more than {most} bytes")
        return _object(content)

    async def _session(self, endpoint: Endpoint) -> aiohttp.ClientSession:
        pod = endpoint.pod
        key = (endpoint.authority, endpoint.address, pod and (pod.uid, pod.address, pod.port))
        if (session := self._sessions.get(key)) is None or session.closed:
            if len(self._sessions) >= _MAX_KEPT:
                await self._sessions.pop(next(iter(self._sessions))).close()
            timeout = aiohttp.ClientTimeout(total=None)
            jar = aiohttp.DummyCookieJar()
            session = aiohttp.ClientSession(connector=self._connector(endpoint), timeout=timeout, cookie_jar=jar)
            self._sessions[key] = session
        return session

    def _connector(self, endpoint: Endpoint) -> aiohttp.BaseConnector:
        tls, pod = _context(endpoint.authority), endpoint.pod
        if pod is not None:
            return PodConnector(self._sockets, lambda: dialing.dial(self._nodes, pod), tls)
        resolver = _Fixed(endpoint.address) if endpoint.address else None
        return aiohttp.TCPConnector(ssl=tls, resolver=resolver, use_dns_cache=False)


class _Fixed(aiohttp.abc.AbstractResolver):
    """Finds every name at one address: a Service's name is known to no DNS outside of the cluster."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._host, self._port = address

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[Any]:
        """See AbstractResolver."""
        found = {"hostname": host, "host": self._host, "port": self._port, "family": family, "proto": 0, "flags": 0}
        return [found]

    async def close(self) -> None:
        """See AbstractResolver."""


def _context(bundle: str) -> ssl.SSLContext:
    if not bundle:
        return ssl.create_default_context()
    try:
        text = base64.b64decode(bundle, validate=True).decode()
        return ssl.create_default_context(cadata=text)
    except (ValueError, ssl.SSLError) as error:
        raise CallFailed(f"unable to load root certificates: {error}") from None


def _object(content: bytes) -> Json:
    try:
        value = orjson.loads(content)
    except ValueError as error:
        raise CallFailed(f"unexpected content: {error}") from None
    if not isinstance(value, dict):
        raise CallFailed("unexpected content: no JSON object")
    return cast("Json", value)
