"""ServiceAccount tokens: signed here, and believed while what they speak of is there.

JSON Web Tokens with the claims that
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens gives.
A token ends with its time, with its account, and with the pod, secret or node that it is bound to.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from podvisor.apiserver import kinds
from podvisor.apiserver.access import Known, Rejected, User
from podvisor.apiserver.access.users import groups_of_accounts
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.tokens import TokenClaims
from podvisor.base.clock import Clock
from podvisor.cluster.tokenkeys import TokenKeys, VerifyingKey
from podvisor.store.backend import Backend

ISSUER = "https://kubernetes.default.svc.cluster.local"
PRIVATE = "kubernetes.io"
"""The claim that holds what only Kubernetes understands."""
LEEWAY = timedelta(minutes=1)
"""How long what is being deleted still counts as there, for clocks that differ."""
_EXTRA = "authentication.kubernetes.io"


class _Reference(msgspec.Struct):
    name: str
    uid: str = ""
    """Empty for the node of a pod's token, where there was no Node of that name."""


class _Private(msgspec.Struct):
    """What only Kubernetes understands."""

    namespace: str
    serviceaccount: _Reference
    pod: _Reference | None = None
    secret: _Reference | None = None
    node: _Reference | None = None


class _Claims(msgspec.Struct):
    nbf: float
    exp: float
    private: _Private = msgspec.field(name=PRIVATE)
    aud: list[str]
    jti: str = ""


class _Meta(msgspec.Struct):
    uid: str = ""
    deleted: datetime | None = msgspec.field(name="deletionTimestamp", default=None)


class _Object(msgspec.Struct):
    metadata: _Meta


class ServiceAccountTokens:
    """Both an `Issuer` and a `TokenSource`."""

    issuer: str = ISSUER
    audiences: Sequence[str] = (ISSUER,)

    def __init__(self, key: bytes, store: Backend, clock: Clock, earlier: Sequence[bytes] = ()) -> None:
        """`key` is the private key in PEM that signs; tokens of `earlier` keys are believed as well."""
        self._pem = key, tuple(earlier)
        self._storage = Storage(store)
        self._registry = kinds.catalogue()
        self._clock = clock

    @cached_property
    def _keys(self) -> TokenKeys:
        """Read when the first token is issued or shown: a cluster starts without `cryptography`."""
        return TokenKeys(*self._pem)

    def published_keys(self) -> Sequence[Mapping[str, Any]]:
        """See Issuer."""
        return self._keys.published()

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
        if claims.node:
            private["node"] = dict(claims.node)
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
        signing, private_key = self._keys.signing, self._keys.private
        headers = {"kid": signing.id}
        token = jwt.encode(payload, private_key, signing.algorithm, headers)  # pyright: ignore[reportArgumentType]
        return token, ends

    async def known(self, token: str, audiences: Sequence[str] = ()) -> Known | None:
        """The account that a token stands for, if it still does. See TokenSource."""
        claims = self._verified(token)
        if claims is None:
            return None
        wanted = audiences or self.audiences
        meant = [one for one in wanted if one in claims.aud]
        if not meant:
            raise Rejected(
                f"token audiences {_quoted(claims.aud)} is invalid for the target audiences {_quoted(wanted)}"
            )
        now = self._clock.now().timestamp()
        if now >= claims.exp:
            raise Rejected("service account token has expired")
        if now < claims.nbf:
            raise Rejected("service account token is not valid yet")
        await self._check_objects(claims.private)
        return Known(_user(claims), meant)

    def _verified(self, token: str) -> _Claims | None:
        """What a token of ours says, whomever it is for. Raises Rejected for one that only seems to be ours."""
        import jwt

        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            return None
        # RFC 7515 4.1.11: whoever does not understand an extension that is critical refuses the token.
        if "crit" in header:
            raise Rejected("unsupported crit header")
        if not (keys := self._keys.candidates(header.get("kid"))):
            raise Rejected("invalid signature, no keys found")
        for key in keys:
            if (payload := _payload(token, key)) is not None:
                try:
                    return msgspec.convert(payload, _Claims)
                except msgspec.ValidationError:
                    return None
        return None

    async def _check_objects(self, private: _Private) -> None:
        """Raises Rejected unless all that the token speaks of is there, and is not another of the same name."""
        account = private.serviceaccount
        if not await self._is_there("serviceaccounts", private.namespace, account):
            raise Rejected(f"service account {private.namespace}/{account.name} has been deleted")
        bound = {"secrets": private.secret, "pods": private.pod, "nodes": None if private.pod else private.node}
        for plural, reference in bound.items():
            namespace = "" if plural == "nodes" else private.namespace
            if reference and not await self._is_there(plural, namespace, reference):
                raise Rejected("service account token has been invalidated")

    async def _is_there(self, plural: str, namespace: str, reference: _Reference) -> bool:
        """True if the very object that is referred to is stored, and its deletion has not been due for a while."""
        found = await self._storage.find(self._registry.get("", "v1", plural), namespace, reference.name)
        if found is None:
            return False
        metadata = msgspec.json.decode(found.value, type=_Object).metadata
        is_due = metadata.deleted is not None and metadata.deleted < self._clock.now() - LEEWAY
        return metadata.uid == reference.uid and not is_due


def _payload(token: str, key: VerifyingKey) -> dict[str, Any] | None:
    """What a token says, if this key has signed it in our name."""
    import jwt

    checks: dict[str, Any] = {"require": ["exp", "iss", "aud", PRIVATE], "verify_aud": False}
    checks |= {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        return jwt.decode(
            token,
            key.public,  # pyright: ignore[reportArgumentType]
            algorithms=[key.algorithm],
            issuer=ISSUER,
            options=checks,  # pyright: ignore[reportArgumentType]
        )
    except jwt.InvalidTokenError:
        return None


def _quoted(values: Sequence[str]) -> str:
    """As Go's `%q` shows a slice."""
    return "[" + " ".join(f'"{value}"' for value in values) + "]"


def _user(claims: _Claims) -> User:
    private = claims.private
    extra: dict[str, Sequence[str]] = {}
    if claims.jti:
        extra[f"{_EXTRA}/credential-id"] = [f"JTI={claims.jti}"]
    for kind, reference in (("node", private.node), ("pod", private.pod)):
        if reference:
            extra[f"{_EXTRA}/{kind}-name"] = [reference.name]
            extra |= {f"{_EXTRA}/{kind}-uid": [reference.uid]} if reference.uid else {}
    account = private.serviceaccount
    name = f"system:serviceaccount:{private.namespace}:{account.name}"
    return User(name, groups_of_accounts(private.namespace), account.uid, extra)
