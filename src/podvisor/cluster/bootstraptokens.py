"""Bootstrap tokens: who joins a cluster shows one, and is somebody of `system:bootstrappers`.

https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/ . Each is a Secret of kube-system and ends
with it.
"""

import base64
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from podvisor.apiserver import cells, kinds, objects
from podvisor.apiserver.access import Known, User
from podvisor.apiserver.storage import Storage
from podvisor.base.clock import Clock
from podvisor.store.backend import Backend

NAMESPACE, PREFIX = "kube-system", "bootstrap-token-"
TYPE = "bootstrap.kubernetes.io/token"
_DEFAULT_GROUP = "system:bootstrappers"
_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})", re.ASCII)
_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]", re.ASCII)


class BootstrapTokens:
    """The `TokenSource` of bootstrap tokens."""

    def __init__(self, store: Backend, clock: Clock, audiences: Sequence[str]) -> None:
        """`audiences` are the server's own: these tokens are for nobody else."""
        self._storage = Storage(store)
        self._secrets = kinds.catalogue().get("", "v1", "secrets")
        self._clock = clock
        self._audiences = audiences

    async def known(self, token: str, audiences: Sequence[str] = ()) -> Known | None:
        """Who shows this token. See TokenSource."""
        meant = [one for one in audiences or self._audiences if one in self._audiences]
        if not meant or not (match := _TOKEN.fullmatch(token)):
            return None
        found = await self._storage.find(self._secrets, NAMESPACE, PREFIX + match[1])
        if found is None:
            return None
        user = holder(objects.decode(self._secrets, found), match[1], match[2], self._clock.now())
        return Known(user, meant) if user else None


def holder(secret: Mapping[str, Any], id: str, private: str, now: datetime) -> User | None:
    """Whom the Secret of a bootstrap token makes of somebody who shows its id and its private part."""
    encoded: Mapping[str, str] = secret.get("data") or {}
    data = {name: _decoded(value) for name, value in encoded.items()}
    is_usable = secret.get("type") == TYPE and "deletionTimestamp" not in secret["metadata"]
    is_right = hmac.compare_digest(data.get("token-secret", "").encode(), private.encode())
    if not is_usable or not is_right or data.get("token-id") != id or has_expired(data.get("expiration", ""), now):
        return None
    groups = [group for group in data.get("auth-extra-groups", "").split(",") if group]
    if data.get("usage-bootstrap-authentication") != "true" or not all(map(_GROUP.fullmatch, groups)):
        return None
    return User(f"system:bootstrap:{id}", tuple(sorted({_DEFAULT_GROUP, *groups})))


def has_expired(expiration: str, now: datetime) -> bool:
    """True if a time of RFC 3339 is over, or is none; nothing at all never ends."""
    if not expiration:
        return False
    try:
        return cells.parse_time(expiration) <= now
    except (ValueError, TypeError):
        return True


def _decoded(value: str) -> str:
    return base64.b64decode(value).decode("utf-8", "replace")
