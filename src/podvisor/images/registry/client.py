"""Asks one endpoint for manifests and blobs of one repository, and checks all that comes.

Redirects are followed, at most `REDIRECTS`, and only to HTTP and HTTPS; a target on another host gets no credentials.
What may be better the next time (5xx, 429, a broken connection) is tried again with growing delays, and a blob goes on
where it stopped (RFC 9110, section 14).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import aiohttp
import msgspec
from yarl import URL

from podvisor.base.backoff import Backoff
from podvisor.images.errors import Denied, Missing, PullFailed, Unacceptable, quiet
from podvisor.images.registry import manifest
from podvisor.images.registry.authorization import Authorization
from podvisor.images.registry.credentials import Login
from podvisor.images.registry.hosts import Endpoint
from podvisor.images.registry.manifest import Served
from podvisor.images.registry.transport import BROKEN, Again, Transport, delay, failed
from podvisor.images.streams import closing

REDIRECTS = 10
TRIES = 5
PROGRESS = 1 << 20
"""Bytes of a blob after which earlier failures are forgotten."""
LONGEST_DELAY = 60.0
"""Seconds that a registry's Retry-After may ask for; more is an error."""
REDIRECTED = (301, 302, 303, 307, 308)
T = TypeVar("T")


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


class Client:
    """One endpoint, asked as each login in turn until one is let in; as nobody first where there is none."""

    def __init__(self, transport: Transport, endpoint: Endpoint, logins: Iterable[Login]) -> None:
        self._transport = transport
        self._endpoint = endpoint
        known = [endpoint.login] if endpoint.login else list(logins)
        self._others = iter([*known[1:]])
        self._authorization = Authorization(transport, endpoint, known[0] if known else None)
        self._context = endpoint.tls.context() if endpoint.url.startswith("https:") else None
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
        return await self._retried(lambda: self._manifest(name))

    async def _manifest(self, name: str) -> Served:
        async with self._request(f"manifests/{name}", {"Accept": ", ".join(manifest.ACCEPTED)}) as answer:
            data = await self._whole(answer, manifest.LARGEST, "manifest")
            kind = answer.headers.get("Content-Type", "")
            announced = answer.headers.get("Docker-Content-Digest", "")
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        for wanted in (name, announced):
            if wanted.startswith("sha256:") and wanted != digest:
                raise Unacceptable(f"{self._endpoint.host} served another manifest than {quiet(wanted[:80])}")
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
                async with closing(self._part(described, done)) as part:
                    async for chunk in part:
                        done += len(chunk)
                        if done > described.size:
                            wrong = f"{described.digest} is larger than the {described.size} bytes announced"
                            raise Unacceptable(wrong)
                        hashed.update(chunk)
                        yield chunk
                if done == described.size:
                    break
                why = Again(f"{self._endpoint.host}: the connection ended in the middle of {described.digest}")
            except BROKEN as error:
                why = failed(self._endpoint.host, error)
            except Again as error:
                why = error
            failures = await self._later(0 if done - before >= PROGRESS else failures, why)
        if f"sha256:{hashed.hexdigest()}" != described.digest:
            raise Unacceptable(f"what {self._endpoint.host} served is not {described.digest}")

    async def _part(self, described: manifest.Descriptor, done: int) -> AsyncIterator[bytes]:
        headers = {"Range": f"bytes={done}-"} if done else {}
        async with self._request(f"blobs/{described.digest}", headers) as answer:
            skip = done if answer.status == 200 else 0
            async with closing(self._transport.body(answer)) as body:
                async for chunk in body:
                    rest = chunk[skip:]
                    skip -= len(chunk) - len(rest)
                    if rest:
                        yield rest

    async def _retried(self, work: Callable[[], Awaitable[T]]) -> T:
        failures = 0
        while True:
            try:
                return await work()
            except BROKEN as error:
                why = failed(self._endpoint.host, error)
                if isinstance(error, aiohttp.ClientConnectorError):
                    raise PullFailed(str(why)) from error
            except Again as error:
                why = error
            failures = await self._later(failures, why)

    async def _later(self, failures: int, why: Again) -> int:
        """Wait before the next try. Raises PullFailed when it has been enough."""
        failures += 1
        if (why.after or 0) > LONGEST_DELAY:
            raise PullFailed(f"{why}; it asks to come back in {why.after:.0f} s") from why
        if failures >= TRIES:
            raise PullFailed(str(why)) from why
        await self._transport.clock.sleep(self._backoff.delay(failures) if why.after is None else why.after)
        return failures

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
                # What another host asks for is not answered: it would name its own token server.
                own = self._is_own(answer.url)
                challenges = answer.headers.getall("WWW-Authenticate", []) if own else []
                if answer.status == 401 and challenges and not tried:
                    tried = True
                elif own and answer.status in (401, 403) and (login := next(self._others, None)):
                    self._authorization, tried = Authorization(self._transport, self._endpoint, login), False
                    continue
                else:
                    await self._refuse(answer)
            await self._authorization.answer(challenges)

    @asynccontextmanager
    async def _redirected(self, url: URL, headers: Mapping[str, str]) -> AsyncGenerator[aiohttp.ClientResponse]:
        for _ in range(REDIRECTS):
            async with AsyncExitStack() as asked:
                try:
                    answer = await asked.enter_async_context(self._ask(url, headers))
                except aiohttp.ClientConnectorSSLError as error:
                    if not (self._endpoint.plain_allowed and self._is_own(url) and not _is_certificate(error)):
                        raise
                    url = self._speak_plainly(url)
                    continue
                if answer.status not in REDIRECTED:
                    yield answer
                    return
                url = _target(url, answer)
        raise PullFailed(f"{self._endpoint.host}: more than {REDIRECTS} redirects")

    def _ask(self, url: URL, headers: Mapping[str, str]) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """One request; the endpoint's own certificates and credentials are for its own host."""
        own = self._is_own(url)
        sent = {**headers, **self._authorization.header()} if own else headers
        return self._transport.ask(url, self._context if own else None, sent)

    def _is_own(self, url: URL) -> bool:
        """True if an address is on the endpoint itself."""
        return url.origin() == URL(self._endpoint.url).origin()

    def _speak_plainly(self, url: URL) -> URL:
        """A registry on this machine that does not speak TLS is asked over HTTP from now on."""
        self._endpoint = replace(self._endpoint, url=self._endpoint.url.replace("https:", "http:", 1))
        self._authorization = Authorization(self._transport, self._endpoint, self._authorization.login)
        return url.with_scheme("http")

    async def _refuse(self, answer: aiohttp.ClientResponse) -> None:
        """What another status means, with the registry's own reason."""
        host, status = self._endpoint.host, answer.status
        said = _reason(await self._transport.beginning(answer, 16 << 10)) or answer.reason or "no reason given"
        if status in (401, 403):
            raise Denied(f"{host}: {said}")
        if status == 404:
            raise Missing(f"{host}: {said}")
        if status == 429 or status >= 500:
            after = delay(answer.headers.get("Retry-After"), self._transport.clock)
            raise Again(f"{host} answers {status}: {said}", after)
        raise PullFailed(f"{host} answers {status}: {said}")

    async def _whole(self, answer: aiohttp.ClientResponse, most: int, what: str) -> bytes:
        data = await self._transport.beginning(answer, most + 1)
        if len(data) > most:
            raise Unacceptable(f"its {what} is larger than {most} bytes")
        return data


def _target(url: URL, answer: aiohttp.ClientResponse) -> URL:
    """Where a redirect leads. Raises PullFailed where no one may follow."""
    try:
        location = answer.headers.get("Location", "")
        # A signature in a query holds only as it was written.
        found = url.join(URL(location, encoded=location.isascii() and location.isprintable() and " " not in location))
    except ValueError as error:
        raise PullFailed(f"{url.host}: redirects to what is no address") from error
    if found.scheme not in ("http", "https") or not found.host:
        raise PullFailed(f"{url.host}: redirects to what is no address")
    return found.with_user(None)


def _is_certificate(error: Exception) -> bool:
    """True if TLS is spoken, but with a certificate that is not trusted."""
    return isinstance(error, aiohttp.ClientConnectorCertificateError)


def _reason(data: bytes) -> str:
    """The first error of an answer's body, as one line."""
    try:
        found = msgspec.json.decode(data, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    words = next((one.message or one.code for one in found), "")
    return "".join(c if c.isprintable() else " " for c in words)[:300]
