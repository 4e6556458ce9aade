"""Bearer tokens.

Whoever issues tokens says what they mean: the composition root passes a TokenSource. ServiceAccount tokens are one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from podvisor.apiserver.access.users import User
from podvisor.base.http import Request
from podvisor.types import status


@dataclass(frozen=True, slots=True)
class Known:
    """What a token says."""

    user: User
    audiences: Sequence[str]
    """Those of the audiences asked for that it is meant for."""


class TokenSource(Protocol):
    """Knows the meaning of tokens."""

    async def known(self, token: str, audiences: Sequence[str] = ()) -> Known | None:
        """What `token` says to one of `audiences`, which are the server's own if there are none.

        None if it is not, or no longer, one of this source's, or meant for others.
        """
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
            if known := await source.known(token.strip()):
                return known.user
        raise status.Unauthorized()
