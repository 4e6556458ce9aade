"""Bearer tokens.

Whoever issues tokens says what they mean: the composition root passes a TokenSource. ServiceAccount tokens are one.
"""

from typing import Protocol

from podvisor.apiserver.access.users import User
from podvisor.base.http import Request
from podvisor.types import status


class TokenSource(Protocol):
    """Knows the meaning of tokens."""

    async def user(self, token: str) -> User | None:
        """Whom `token` stands for; None if it is not, or no longer, one of this source's."""
        ...


class Tokens:
    """Authenticates by `Authorization: Bearer`."""

    def __init__(self, *sources: TokenSource) -> None:
        self._sources = sources

    async def authenticate(self, request: Request) -> User | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        if not token.isascii():
            raise status.Unauthorized()
        for source in self._sources:
            if user := await source.user(token.strip()):
                return user
        raise status.Unauthorized()
