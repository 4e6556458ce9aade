"""HTTP as registries are asked: one request at a time, with deadlines, proxies, and failures in words.

Of the environment only the proxy variables count: a ~/.netrc would send a password to whoever has a host's name, over
plain HTTP too. Redirects are the caller's, who knows which host may see what.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from podvisor.base.clock import Clock
from podvisor.images.errors import PullFailed, quiet
from podvisor.images.registry import proxies
from podvisor.images.streams import closing

CHUNK = 256 << 10
STALL = 60.0
"""Seconds within which an answer has to begin, and after that `LEAST` more bytes of it have to come."""
LEAST = 4 << 10
"""Bytes; a server that sends single ones would otherwise hold a pull for ever."""

BROKEN = (aiohttp.ClientError, TimeoutError, OSError)
"""What is raised where a connection fails."""


class Again(Exception):
    """This may work the next time, after that many seconds if the server said so."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True, slots=True)
class Transport:
    """Asks servers."""

    session: aiohttp.ClientSession
    clock: Clock

    @asynccontextmanager
    async def ask(
        self,
        url: URL,
        context: ssl.SSLContext | None,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """The beginning of an answer to GET, or to POST where there is a form. Raises what is in `BROKEN`."""
        async with self.clock.timeout(STALL):
            answer = await self.session.request(
                "POST" if form else "GET",
                url,
                # What is compressed on the way has neither the size nor the digest that a manifest names.
                headers={"Accept-Encoding": "identity", **headers},
                data=form,
                ssl=context or True,
                proxy=proxies.choose(url, os.environ),
                allow_redirects=False,
            )
        async with answer:
            yield answer

    async def body(self, answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """The rest of an answer. Raises what is in `BROKEN`."""
        while data := await self._more(answer):
            yield data

    async def beginning(self, answer: aiohttp.ClientResponse, most: int) -> bytes:
        """At most so many bytes of an answer. Raises what is in `BROKEN`."""
        data = bytearray()
        async with closing(self.body(answer)) as body:
            async for chunk in body:
                data += chunk
                if len(data) >= most:
                    break
        return bytes(data[:most])

    async def _more(self, answer: aiohttp.ClientResponse) -> bytes:
        data = b""
        async with self.clock.timeout(STALL):
            while len(data) < LEAST and (more := await answer.content.read(CHUNK)):
                data += more
        return data


def session() -> aiohttp.ClientSession:
    """What requests are made in: no cookies, no ~/.netrc, no deadline but `Transport`'s."""
    return aiohttp.ClientSession(
        auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
    )


def failed(host: str, error: BaseException) -> Again:
    """A failed connection in words. Raises PullFailed for what will not mend itself."""
    if tls := _tls(error):
        raise PullFailed(f"{host}: TLS: {tls}") from error
    words = quiet(error) or "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        raise PullFailed(f"{host}: {words}") from error
    return Again(f"{host}: {words}")


def _tls(error: BaseException | None) -> str:
    """What OpenSSL has against a connection; empty where it is not that."""
    while error is not None:
        found = _of_openssl(error)
        if isinstance(found, ssl.SSLCertVerificationError):
            return quiet(f"certificate verify failed: {found.verify_message}")
        if isinstance(found, ssl.SSLError) and found.reason:
            return quiet(found.reason.replace("_", " ").lower())
        error = error.__cause__
    return ""


def _of_openssl(error: BaseException) -> BaseException:
    """What aiohttp's own errors are wrapped around."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return error.certificate_error
    return error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error


def delay(header: str | None, clock: Clock) -> float | None:
    """The seconds that Retry-After asks for, as a number or a date (RFC 9110, section 10.2.3)."""
    if not header:
        return None
    if header.isdecimal() and header.isascii():
        return float(header[:12])
    try:
        return max(0.0, (parsedate_to_datetime(header) - clock.now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
