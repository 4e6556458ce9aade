"""Deletes bootstrap tokens when their time is over.

https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format
"""

import base64
from datetime import datetime

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import DeleteOptions, Key, Selection, errors, kinds
from podvisor.sdk.objects.core import Secret

_OURS = Selection(namespace="kube-system", fields="type=bootstrap.kubernetes.io/token")


def time_left(secret: Secret, now: datetime) -> float | None:
    """Seconds that a token still has, 0 where its end cannot be read; None for one that does not end."""
    if not (encoded := secret.data.get("expiration")):
        return None
    try:
        end = datetime.fromisoformat(base64.b64decode(encoded).decode().replace("Z", "+00:00"))
    except ValueError:
        return 0
    return (end - now).total_seconds() if end.tzinfo else 0


class BootstrapTokens:
    """The loop over the Secrets of bootstrap tokens."""

    name = "token-cleaner-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._secrets = cluster.informers.of(kinds.TYPED_SECRETS, _OURS)
        self._secrets.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Delete one token if its time is over, else come back then."""
        secret = self._secrets.cache.get(key)
        if secret is None or (left := time_left(secret, self._clock.now())) is None:
            return
        if left > 0:
            self.queue.add_after(key, left)
            return
        try:
            await self._client.delete(kinds.SECRETS, key, DeleteOptions(uid=secret.metadata.uid))
        except errors.NotFound:
            return
