"""Bearer tokens.

Whoever issues tokens says what they mean: the composition root passes a TokenSource. ServiceAccount tokens are one.
"""

import base64
from collections.abc import Sequence
from contextlib import suppress
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


INVALID = "invalid bearer token"


class Rejected(Exception):
    """A token that a source recognises and does not believe; the text says why, to whoever reviews tokens."""


class TokenSource(Protocol):
    """Knows the meaning of tokens."""

    async def known(self, token: str, audiences: Sequence[str] = ()) -> Known | None:
        """What `token` says to one of `audiences`, which are the server's own if there are none.

        None if it is not one of this source's. Raises Rejected if it is, and no longer good or meant for others.
        """
        ...


_OFFERED = "Sec-WebSocket-Protocol"


class Tokens:
    """Authenticates by `Authorization: Bearer`, or by a WebSocket's subprotocol where the client is a browser.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#putting-a-bearer-token-in-a-request
    """

    def __init__(self, *sources: TokenSource) -> None:
        self._sources = sources

    async def authenticate(self, request: Request) -> User | None:
        if not (token := _bearer(request) or _subprotocol(request)):
            return None
        if not token.isascii():
            raise status.Unauthorized()
        for source in self._sources:
            with suppress(Rejected):
                if known := await source.known(token):
                    return known.user
        raise status.Unauthorized()


def _bearer(request: Request) -> str:
    """The token of the header; empty without one, or with another scheme, which count as no proof at all."""
    scheme, *rest = request.headers.get("Authorization", "").strip().split(" ", 2)
    return rest[0] if rest and scheme.lower() == "bearer" else ""


_SUBPROTOCOL = "base64url.bearer.authorization.k8s.io."


def _subprotocol(request: Request) -> str:
    """The token among the subprotocols that a WebSocket's client offers, base64url without padding.

    Raises Unauthorized unless there is just one, beside another protocol, as upstream's
    `request/websocket/protocol.go` wants it.
    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return ""
    offered = [one.strip() for line in request.headers.getall(_OFFERED, []) for one in line.split(",")]
    tokens = [one.removeprefix(_SUBPROTOCOL) for one in offered if one.startswith(_SUBPROTOCOL)]
    if not tokens:
        return ""
    try:
        found = base64.b64decode(tokens[0] + "=" * (-len(tokens[0]) % 4), b"-_", validate=True).decode("ascii")
    except ValueError as error:
        raise status.Unauthorized() from error
    if len(tokens) > 1 or len(offered) == len(tokens) or not found:
        raise status.Unauthorized()
    return found
