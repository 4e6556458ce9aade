"""ConfigMaps, Secrets and tokens, as a pod's environment and volumes ask for them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from podvisor import sdk
from podvisor.node import objects
from podvisor.node.errors import Unresolvable

Entries = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Sources:
    """What the objects of one pod's namespace hold."""

    client: sdk.Client
    pod: objects.Pod

    async def config_map(self, name: str, *, optional: bool = False) -> Entries:
        """A ConfigMap's entries; none where it is optional and not there. Raises Unresolvable."""
        found = await self._get(sdk.kinds.CONFIGMAPS.raw, "configmap", name, optional=optional)
        text = cast("Mapping[str, str]", found.get("data") or {})
        return {key: value.encode() for key, value in text.items()} | _decoded(found.get("binaryData"))

    async def secret(self, name: str, *, optional: bool = False) -> Entries:
        """A Secret's entries; none where it is optional and not there. Raises Unresolvable."""
        found = await self._get(sdk.kinds.SECRETS.raw, "secret", name, optional=optional)
        return _decoded(found.get("data"))

    async def token(self, wanted: objects.Token) -> bytes:
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
        return str(answer["status"]["token"]).encode()

    async def _get(
        self, resource: sdk.Resource[dict[str, Any]], kind: str, name: str, *, optional: bool
    ) -> dict[str, Any]:
        try:
            return await self.client.get(resource, name, self.pod.metadata.namespace)
        except sdk.errors.NotFound as error:
            if optional:
                return {}
            raise Unresolvable(f'{kind} "{name}" not found') from error
        except (sdk.errors.ApiError, sdk.errors.Unreachable) as error:
            raise Unresolvable(f'{kind} "{name}": {error}') from error


def _decoded(entries: Mapping[str, str] | None) -> Entries:
    return {key: base64.b64decode(value) for key, value in (entries or {}).items()}
