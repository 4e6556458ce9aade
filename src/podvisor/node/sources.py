"""ConfigMaps, Secrets and tokens, as a pod's environment and volumes ask for them."""

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from podvisor import sdk
from podvisor.images.registry import credentials
from podvisor.node import objects
from podvisor.node.errors import Unresolvable
from podvisor.node.tokens import Token
from podvisor.node.watched import Ref

Entries = dict[str, bytes]
Read = Callable[[Ref], Awaitable[dict[str, Any] | None]]
"""Reads an object, or None where it is not there. Raises TimeoutError, or as a client does."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the objects of one pod's namespace hold."""

    client: sdk.Client
    pod: objects.Pod
    read: Read | None = None
    """Where objects are read; without it the API is asked, so that nothing is older than the question."""

    async def config_map(self, name: str, *, optional: bool = False) -> Entries:
        """A ConfigMap's entries; none where it is optional and not there. Raises Unresolvable."""
        found = await self._get(sdk.kinds.CONFIGMAPS.raw, "configmap", name, optional=optional)
        text = cast("Mapping[str, str]", found.get("data") or {})
        return {key: value.encode() for key, value in text.items()} | _decoded(found.get("binaryData"))

    async def secret(self, name: str, *, optional: bool = False) -> Entries:
        """A Secret's entries; none where it is optional and not there. Raises Unresolvable."""
        found = await self._get(sdk.kinds.SECRETS.raw, "secret", name, optional=optional)
        return _decoded(found.get("data"))

    async def pull_secrets(self) -> tuple[credentials.Auths, list[str]]:
        """The logins of the pod's imagePullSecrets, and the names of those that cannot be had."""
        found: list[credentials.Auths] = []
        missing: list[str] = []
        for one in self.pod.spec.image_pull_secrets:
            try:
                secret = await self._get(sdk.kinds.SECRETS.raw, "secret", one.name, optional=False)
            except Unresolvable:
                missing.append(one.name)
            else:
                found.append(credentials.secret(str(secret.get("type")), _decoded(secret.get("data"))))
        return credentials.joined(found), missing

    async def token(self, wanted: objects.Token) -> Token:
        """A ServiceAccount token that is bound to the pod. Raises Unresolvable."""
        meta = self.pod.metadata
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta.name, "uid": meta.uid}
        asked: dict[str, Any] = {"boundObjectRef": bound, "expirationSeconds": wanted.expiration_seconds}
        if wanted.audience:
            asked["audiences"] = [wanted.audience]
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": asked}
        account = self.pod.spec.service_account_name or "default"
        options = sdk.WriteOptions(subresource="token")
        accounts = sdk.kinds.SERVICEACCOUNTS.raw
        try:
            answer = await self.client.create(accounts, request, meta.namespace, name=account, options=options)
        except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
            raise Unresolvable(f"failed to fetch token: {error}") from error
        expires = datetime.fromisoformat(answer["status"]["expirationTimestamp"])
        issued = expires - timedelta(seconds=answer["spec"]["expirationSeconds"])
        return Token(answer["status"]["token"], issued, expires)

    async def _get(
        self, resource: sdk.Resource[dict[str, Any]], kind: str, name: str, *, optional: bool
    ) -> dict[str, Any]:
        try:
            ref = Ref(resource, sdk.Key(self.pod.metadata.namespace, name))
            found = await (self.read or self._ask)(ref)
        except TimeoutError as error:
            raise Unresolvable(f"failed to sync {kind} cache: timed out waiting for the condition") from error
        except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
            raise Unresolvable(f'{kind} "{name}": {error}') from error
        if found is None and not optional:
            raise Unresolvable(f'{kind} "{name}" not found')
        return found or {}

    async def _ask(self, ref: Ref) -> dict[str, Any] | None:
        try:
            return await self.client.get(ref.resource, ref.key.name, ref.key.namespace)
        except sdk.errors.NotFound:
            return None


def _decoded(entries: Mapping[str, str] | None) -> Entries:
    return {key: base64.b64decode(value) for key, value in (entries or {}).items()}
