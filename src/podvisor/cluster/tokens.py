"""ServiceAccount tokens: signed here, and believed while what they speak of is there.

JSON Web Tokens with the claims that
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens gives.
A token ends with its time, with its account, and with the pod or secret that it is bound to.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from podvisor.apiserver import kinds
from podvisor.apiserver.access import Known, User
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.tokens import TokenClaims
from podvisor.base.clock import Clock
from podvisor.store.backend import Backend

ISSUER = "https://kubernetes.default.svc.cluster.local"
ALGORITHM = "ES256"
PRIVATE = "kubernetes.io"
"""The claim that holds what only Kubernetes understands."""


class _Reference(msgspec.Struct):
    name: str
    uid: str


class _Private(msgspec.Struct):
    """What only Kubernetes understands."""

    namespace: str
    serviceaccount: _Reference
    pod: _Reference | None = None
    secret: _Reference | None = None


class _Claims(msgspec.Struct):
    nbf: float
    exp: float
    private: _Private = msgspec.field(name=PRIVATE)
    aud: list[str]


class _Meta(msgspec.Struct):
    uid: str = ""


class _Object(msgspec.Struct):
    metadata: _Meta


class ServiceAccountTokens:
    """Both an `Issuer` and a `TokenSource`."""

    audiences: Sequence[str] = (ISSUER,)

    def __init__(self, key: bytes, store: Backend, clock: Clock) -> None:
        """`key` is the private key in PEM, of which the public part verifies."""
        self._key = key
        self._storage = Storage(store)
        self._registry = kinds.catalogue()
        self._clock = clock

    def issue(self, claims: TokenClaims, now: datetime) -> tuple[str, datetime]:
        """A signed token and when it ends."""
        import jwt

        began = now.replace(microsecond=0)
        ends = began + timedelta(seconds=claims.seconds)
        private: dict[str, Any] = {
            "namespace": claims.namespace,
            "serviceaccount": {"name": claims.service_account, "uid": claims.uid},
        }
        if claims.bound_to:
            bound = claims.bound_to
            private[bound["kind"].lower()] = {"name": bound.get("name", ""), "uid": bound.get("uid", "")}
        payload = {
            "iss": ISSUER,
            "sub": f"system:serviceaccount:{claims.namespace}:{claims.service_account}",
            "aud": list(claims.audiences),
            "iat": began,
            "nbf": began,
            "exp": ends,
            "jti": str(uuid.uuid4()),
            PRIVATE: private,
        }
        return jwt.encode(payload, self._key, ALGORITHM), ends

    async def known(self, token: str, audiences: Sequence[str] = ()) -> Known | None:
        """The account that a token stands for, if it still does. See TokenSource."""
        wanted = audiences or self.audiences
        claims = self._verified(token, wanted)
        if claims is None:
            return None
        private = claims.private
        bound = {"serviceaccounts": private.serviceaccount, "pods": private.pod, "secrets": private.secret}
        for plural, reference in bound.items():
            if reference and not await self._is_there(plural, private.namespace, reference):
                return None
        return Known(_user(private), [one for one in wanted if one in claims.aud])

    def _verified(self, token: str, audiences: Sequence[str]) -> _Claims | None:
        """What a token says, if it is ours, meant for one of the audiences, and its time has not run out."""
        import jwt
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        public = load_pem_private_key(self._key, None).public_key()
        checks = {"require": ["exp", "iss", "aud", PRIVATE], "verify_exp": False, "verify_nbf": False}
        checks |= {"verify_iat": False}
        try:
            payload = jwt.decode(
                token,
                public,  # pyright: ignore[reportArgumentType]  # `certificates.signing_key` made it
                algorithms=[ALGORITHM],
                audience=audiences,
                issuer=ISSUER,
                options=checks,  # pyright: ignore[reportArgumentType]
            )
            claims = msgspec.convert(payload, _Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError):
            return None
        return claims if claims.nbf <= self._clock.now().timestamp() < claims.exp else None

    async def _is_there(self, plural: str, namespace: str, reference: _Reference) -> bool:
        """Whether the very object that is referred to is stored, and not another of its name."""
        found = await self._storage.find(self._registry.get("", "v1", plural), namespace, reference.name)
        if found is None:
            return False
        return msgspec.json.decode(found.value, type=_Object).metadata.uid == reference.uid


def _user(private: _Private) -> User:
    extra: dict[str, Sequence[str]] = {}
    if private.pod:
        extra["authentication.kubernetes.io/pod-name"] = [private.pod.name]
        extra["authentication.kubernetes.io/pod-uid"] = [private.pod.uid]
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{private.namespace}"]
    account = private.serviceaccount
    return User(f"system:serviceaccount:{private.namespace}:{account.name}", groups, account.uid, extra)
