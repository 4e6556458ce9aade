"""The Authorization header for one endpoint: Basic, or a token from the server that the registry names.

Distribution specification, "Token Authentication": a token is asked for with GET and Basic, or with an OAuth 2 refresh
token and POST. Credentials go over plain HTTP only where the endpoint may (`Endpoint.plain_allowed`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec
from yarl import URL

from podvisor.images.errors import Denied, PullFailed
from podvisor.images.registry import challenge, hosts
from podvisor.images.registry.credentials import Login
from podvisor.images.registry.hosts import Endpoint
from podvisor.images.registry.transport import BROKEN, Again, Transport, delay, failed

CLIENT_ID = "podvisor"
LARGEST = 1 << 20
"""Bytes of a token server's answer."""


class Authorization:
    """What to send to one endpoint as one login, or as nobody."""

    def __init__(self, transport: Transport, endpoint: Endpoint, login: Login | None) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self.login = login
        self._header = f"Bearer {login.registry_token}" if login and login.registry_token and self._safe() else ""

    @property
    def is_used(self) -> bool:
        """True once something is sent that tells who one is."""
        return bool(self._header)

    def header(self) -> dict[str, str]:
        """The headers for a request to the endpoint's own host, and to no other."""
        return {"Authorization": self._header} if self._header else {}

    async def answer(self, challenges: Sequence[str]) -> None:
        """Take up a challenge, so that the request can be made again. Raises Denied or PullFailed."""
        for found in challenge.parse(challenges):
            if found.scheme == "bearer":
                self._header = f"Bearer {await self._token(found)}"
                return
            if found.scheme == "basic" and self.login and self.login.username and self._safe():
                self._header = self._basic()
                return
        raise Denied(f"{self._endpoint.host}: authentication required{self._why_not()}")

    def _safe(self) -> bool:
        return self._endpoint.url.startswith("https:") or self._endpoint.plain_allowed

    def _why_not(self) -> str:
        return "" if self._safe() else "; credentials are not sent over plain HTTP"

    def _basic(self) -> str:
        assert self.login
        pair = f"{self.login.username}:{self.login.password}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    async def _token(self, found: challenge.Challenge) -> str:
        realm = _address(found.parameters.get("realm", ""))
        if realm is None or realm.scheme not in ("http", "https") or not realm.host:
            raise PullFailed(f"{self._endpoint.host}: names no token server that can be asked")
        scope = found.parameters.get("scope") or f"repository:{self._endpoint.repository}:pull"
        asked = {"service": found.parameters.get("service", ""), "scope": scope}
        login = self.login if self._may_see(realm) else None
        if login and login.identity_token:
            form = {
                **asked,
                "grant_type": "refresh_token",
                "refresh_token": login.identity_token,
                "client_id": CLIENT_ID,
            }
            return await self._ask(realm, {}, form)
        headers = {"Authorization": self._basic()} if login and login.username else {}
        return await self._ask(realm.update_query({k: v for k, v in asked.items() if v}), headers)

    def _may_see(self, realm: URL) -> bool:
        """True if a token server may be sent credentials; over plain HTTP only where the registry's own are."""
        near = realm.host == URL(self._endpoint.url).host or hosts.is_here(realm.host or "")
        return realm.scheme == "https" or (self._endpoint.plain_allowed and near)

    async def _ask(self, url: URL, headers: Mapping[str, str], form: Mapping[str, str] | None = None) -> str:
        where = f"{self._endpoint.host}: its token server {url.host}"
        context = self._endpoint.tls.context() if url.scheme == "https" else None
        try:
            async with self._transport.ask(url, context, headers, form) as answer:
                data = await self._transport.beginning(answer, LARGEST)
        except BROKEN as error:
            raise failed(where, error) from error
        if answer.status in (400, 401, 403):
            raise Denied(f"{where} refuses: unauthorized")
        if answer.status == 429 or answer.status >= 500:
            after = delay(answer.headers.get("Retry-After"), self._transport.clock)
            raise Again(f"{where} answers {answer.status}", after)
        if answer.status != 200:
            raise PullFailed(f"{where} answers {answer.status}")
        try:
            found = cast("dict[str, Any]", msgspec.json.decode(data))
            token = found.get("token") or found["access_token"]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, AttributeError) as error:
            raise PullFailed(f"{where} gives no token") from error
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise PullFailed(f"{where} gives no token")
        return token


def _address(text: str) -> URL | None:
    try:
        return URL(text).with_user(None)
    except ValueError:
        return None
