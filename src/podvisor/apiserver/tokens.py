"""The contract of whoever makes ServiceAccount tokens (`authentication.k8s.io/v1` TokenRequest)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a token shall say."""

    namespace: str
    service_account: str
    uid: str
    audiences: Sequence[str]
    seconds: int
    """How long it is valid."""
    bound_to: Mapping[str, Any] | None = None
    """The object (kind, name, uid) with which the token ends."""
    node: Mapping[str, str] | None = None
    """Name and uid of the node of the pod that the token is bound to."""


class Issuer(Protocol):
    """Signs tokens."""

    issuer: str
    """The URL in whose name it signs (`--service-account-issuer`)."""
    audiences: Sequence[str]
    """For tokens that name none."""

    def issue(self, claims: TokenClaims, now: datetime) -> tuple[str, datetime]:
        """A signed token and when it ends."""
        ...

    def published_keys(self) -> Sequence[Mapping[str, Any]]:
        """The public keys of all tokens that are believed, each as a JSON Web Key."""
        ...
