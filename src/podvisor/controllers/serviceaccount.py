"""Gives every namespace its ServiceAccount `default`."""

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.controllers.pods import is_namespace_ending
from podvisor.sdk import Key, errors, kinds
from podvisor.sdk.objects.core import ServiceAccount

NAME = "default"


class DefaultServiceAccounts:
    """The loop over namespaces, by their names."""

    name = "serviceaccount-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._namespaces = cluster.informers.of(kinds.NAMESPACES)
        self._accounts = cluster.informers.of(kinds.SERVICEACCOUNTS)
        self._namespaces.on_change(enqueue_itself(self.queue))
        self._accounts.on_change(self._account_changed)

    async def reconcile(self, key: Key) -> None:
        """Create the account of one namespace if it is missing."""
        await self._accounts.wait_synced()
        namespace = self._namespaces.cache.get(key)
        if namespace is None or namespace.metadata.deleting or self._accounts.cache.get(Key(key.name, NAME)):
            return
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": key.name}}
        try:
            await self._client.create(kinds.SERVICEACCOUNTS, account, key.name)
        except (errors.AlreadyExists, errors.NotFound):
            return
        except errors.Forbidden as error:
            if not is_namespace_ending(error):
                raise

    def _account_changed(self, old: ServiceAccount | None, new: ServiceAccount | None) -> None:
        if new is None and old is not None and old.metadata.name == NAME:
            self.queue.add(Key("", old.metadata.namespace))
