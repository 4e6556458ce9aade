"""ConfigMaps, Secrets and tokens, as a pod's environment and volumes ask for them."""

import base64
from dataclasses import dataclass

from podvisor import sdk
from podvisor.node.errors import Unresolvable
from podvisor.node.states import Json

TOKEN_SECONDS = 3607
"""How long a token for a pod holds unless it says so: what the ServiceAccount admission asks for."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the objects of one pod's namespace hold."""

    client: sdk.Client
    pod: Json

    async def config_map(self, reference: Json) -> dict[str, bytes]:
        """A ConfigMap's entries; none where it is optional and not there. Raises Unresolvable."""
        found = await self._get(sdk.kinds.CONFIGMAPS.raw, "configmap", reference)
        text = {name: value.encode() for name, value in (found.get("data") or {}).items()}
        return text | {name: base64.b64decode(value) for name, value in (found.get("binaryData") or {}).items()}

    async def secret(self, reference: Json) -> dict[str, bytes]:
        """A Secret's entries; none where it is optional and not there. Raises Unresolvable."""
        found = await self._get(sdk.kinds.SECRETS.raw, "secret", reference)
        return {name: base64.b64decode(value) for name, value in (found.get("data") or {}).items()}

    async def token(self, wanted: Json) -> bytes:
        """A ServiceAccount token that is bound to the pod. Raises Unresolvable."""
        meta = self.pod["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        asked: Json = {"boundObjectRef": bound, "expirationSeconds": wanted.get("expirationSeconds", TOKEN_SECONDS)}
        if audience := wanted.get("audience"):
            asked["audiences"] = [audience]
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": asked}
        account = self.pod["spec"].get("serviceAccountName") or "default"
        options = sdk.WriteOptions(subresource="token")
        try:
            answer = await self.client.create(
                sdk.kinds.SERVICEACCOUNTS.raw, request, meta["namespace"], name=account, options=options
            )
        except sdk.errors.ApiError as error:
            raise Unresolvable(f"failed to fetch token: {error}") from error
        return answer["status"]["token"].encode()

    async def _get(self, resource: sdk.Resource[Json], kind: str, reference: Json) -> Json:
        name = reference.get("name") or reference.get("secretName") or ""
        try:
            return await self.client.get(resource, name, self.pod["metadata"]["namespace"])
        except sdk.errors.NotFound as error:
            if reference.get("optional"):
                return {}
            raise Unresolvable(f'{kind} "{name}" not found') from error
