"""Asks one endpoint for manifests and blobs of one repository, and checks all that comes.

Redirects are followed, at most `REDIRECTS`, and only to HTTP and HTTPS; a target on another host gets no credentials.
What may be better the next time (5xx, 429, a broken connection) is tried again with growing delays, and a blob goes on
where it stopped (RFC 9110, section 14).
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import msgspec
from yarl import URL

from podvisor.base.backoff import Backoff
from podvisor.base.clock import Clock
from podvisor.images.errors import Denied, Missing, PullFailed, Unacceptable, quiet
from podvisor.images.registry import manifest
from podvisor.images.registry.authorization import Authorization
from podvisor.images.registry.credentials import Login
from podvisor.images.registry.hosts import Endpoint
from podvisor.images.registry.manifest import Served

REDIRECTS = 10
TRIES = 5
CHUNK = 256 << 10
LONGEST_DELAY = 60.0
"""Seconds that a registry's Retry-After may ask for; more is an error."""
STALL = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
"""Seconds without any progress after which a connection is given up."""
REDIRECTED = (301, 302, 303, 307, 308)


class _Again(Exception):
    """This may work the next time."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


class Client:
    """One endpoint, asked as each login in turn until one is let in; as nobody first where there is none."""

    def __init__(
        self, session: aiohttp.ClientSession, endpoint: Endpoint, logins: Iterable[Login], clock: Clock
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self._clock = clock
        known = [endpoint.login] if endpoint.login else list(logins)
        self._others = iter([*known[1:]])
        self._authorization = Authorization(session, endpoint, known[0] if known else None)
        self._context: ssl.SSLContext | bool = endpoint.tls.context() if endpoint.url.startswith("https:") else True
        self._backoff = Backoff(first=0.5, limit=LONGEST_DELAY, jitter=0.5)

    @property
    def endpoint(self) -> Endpoint:
        return self._endpoint

    @property
    def login(self) -> Login | None:
        """As whom the registry has let us in; None where it asked nobody."""
        return self._authorization.login if self._authorization.is_used else None

    async def manifest(self, name: str) -> Served:
        """What a tag or digest names. Raises Missing, Denied, PullFailed or Unacceptable."""
        headers = {"Accept": ", ".join(manifest.ACCEPTED)}
        async with self._retried(f"manifests/{name}", headers) as answer:
            data = await _whole(answer, manifest.LARGEST, "manifest")
            kind = answer.headers.get("Content-Type", "")
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if name.startswith("sha256:") and name != digest:
            raise Unacceptable(f"{self._endpoint.host} served another manifest than {name}")
        return Served(data, digest, kind)

    async def small(self, described: manifest.Descriptor) -> bytes:
        """A whole blob of at most `manifest.LARGEST` bytes, checked: a configuration."""
        if described.size > manifest.LARGEST:
            raise Unacceptable(f"its configuration of {described.size} bytes is too large")
        return b"".join([chunk async for chunk in self.blob(described)])

    async def blob(self, described: manifest.Descriptor) -> AsyncIterator[bytes]:
        """A blob's bytes, in order. The last of them may be wrong: then Unacceptable is raised after it."""
        hashed, done, failures = hashlib.sha256(), 0, 0
        while done < described.size or not described.size:
            before = done
            try:
                async for chunk in self._part(described, done):
                    done += len(chunk)
                    if done > described.size:
                        raise Unacceptable(f"{described.digest} is larger than the {described.size} bytes announced")
                    hashed.update(chunk)
                    yield chunk
                if done < described.size:
                    raise _Again(f"{self._endpoint.host}: the connection ended in the middle of {described.digest}")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                failures = await self._later(0 if done > before else failures, self._again(error))
            except _Again as error:
                failures = await self._later(0 if done > before else failures, error)
            else:
                break
        if f"sha256:{hashed.hexdigest()}" != described.digest:
            raise Unacceptable(f"what {self._endpoint.host} served is not {described.digest}")

    async def _part(self, described: manifest.Descriptor, done: int) -> AsyncIterator[bytes]:
        headers = {"Range": f"bytes={done}-"} if done else {}
        async with self._request(f"blobs/{described.digest}", headers) as answer:
            skip = done if answer.status == 200 else 0
            async for chunk in answer.content.iter_chunked(CHUNK):
                rest = chunk[skip:]
                skip -= len(chunk) - len(rest)
                if rest:
                    yield rest

    @asynccontextmanager
    async def _retried(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientResponse]:
        failures = 0
        while True:
            try:
                async with self._request(path, headers) as answer:
                    yield answer
                    return
            except aiohttp.ClientConnectorError as error:
                raise PullFailed(str(self._again(error))) from error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                failures = await self._later(failures, self._again(error))
            except _Again as error:
                failures = await self._later(failures, error)

    async def _later(self, failures: int, why: _Again) -> int:
        """Wait before the next try. Raises PullFailed when it has been enough."""
        failures += 1
        if failures >= TRIES or (why.after or 0) > LONGEST_DELAY:
            raise PullFailed(str(why)) from why
        await self._clock.sleep(self._backoff.delay(failures) if why.after is None else why.after)
        return failures

    def _again(self, error: Exception) -> _Again:
        """A broken connection in words. Raises PullFailed for what will not mend itself."""
        words = quiet(error) or "no answer in time"
        if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorDNSError)):
            raise PullFailed(f"{self._endpoint.host}: {words}") from error
        return _Again(f"{self._endpoint.host}: {words}")

    @asynccontextmanager
    async def _request(self, path: str, headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientResponse]:
        """An answer of status 200 or 206. Raises as `_refuse` does."""
        tried = False
        while True:
            url = URL(f"{self._endpoint.url}/v2/{self._endpoint.repository}/{path}", encoded=True)
            async with self._redirected(url, headers) as answer:
                if answer.status in (200, 206):
                    yield answer
                    return
                challenges = answer.headers.getall("WWW-Authenticate", [])
                if answer.status == 401 and challenges and not tried:
                    tried = True
                elif answer.status in (401, 403) and (login := next(self._others, None)):
                    self._authorization, tried = Authorization(self._session, self._endpoint, login), False
                    continue
                else:
                    await self._refuse(answer)
            await self._authorization.answer(challenges)

    @asynccontextmanager
    async def _redirected(self, url: URL, headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientResponse]:
        for _ in range(REDIRECTS):
            sent = {**headers, **self._authorization.header(url)}
            context = self._context if url.scheme == "https" else True
            try:
                answer = await self._session.get(url, headers=sent, ssl=context, allow_redirects=False, timeout=STALL)
            except aiohttp.ClientConnectorSSLError:
                if not (self._endpoint.plain_allowed and url.scheme == "https"):
                    raise
                url = self._speak_plainly(url)
                continue
            async with answer:
                if answer.status not in REDIRECTED:
                    yield answer
                    return
                url = _target(url, answer)
        raise PullFailed(f"{self._endpoint.host}: more than {REDIRECTS} redirects")

    def _speak_plainly(self, url: URL) -> URL:
        """A registry on this machine that does not speak TLS is asked over HTTP from now on."""
        self._endpoint = replace(self._endpoint, url=self._endpoint.url.replace("https:", "http:", 1))
        self._authorization = Authorization(self._session, self._endpoint, self._authorization.login)
        return url.with_scheme("http")

    async def _refuse(self, answer: aiohttp.ClientResponse) -> None:
        """What another status means, with the registry's own reason."""
        host, status = self._endpoint.host, answer.status
        said = _reason(await answer.content.read(16 << 10)) or answer.reason or "no reason given"
        if status in (401, 403):
            raise Denied(f"{host}: {said}")
        if status == 404:
            raise Missing(f"{host}: {said}")
        if status == 429 or status >= 500:
            raise _Again(f"{host} answers {status}: {said}", _delay(answer.headers.get("Retry-After")))
        raise PullFailed(f"{host} answers {status}: {said}")


async def _whole(answer: aiohttp.ClientResponse, most: int, what: str) -> bytes:
    data = bytearray()
    async for chunk in answer.content.iter_chunked(CHUNK):
        data += chunk
        if len(data) > most:
            raise Unacceptable(f"its {what} is larger than {most} bytes")
    return bytes(data)


def _target(url: URL, answer: aiohttp.ClientResponse) -> URL:
    """Where a redirect leads. Raises PullFailed where no one may follow."""
    try:
        found = url.join(URL(answer.headers.get("Location", ""), encoded=True))
    except ValueError as error:
        raise PullFailed(f"{url.host}: redirects to what is no address") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise PullFailed(f"{url.host}: redirects to what is no address")
    return found


def _reason(data: bytes) -> str:
    """The first error of an answer's body, as one line."""
    try:
        found = msgspec.json.decode(data, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    words = next((one.message or one.code for one in found), "")
    return "".join(c if c.isprintable() else " " for c in words)[:300]


def _delay(header: str | None) -> float | None:
    return float(header) if header and header.isdecimal() and len(header) < 9 else None
