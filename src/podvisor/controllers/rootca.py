"""Publishes the cluster's CA to every namespace, so that pods can check who answers them as the API server."""

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.controllers.pods import is_namespace_ending
from podvisor.sdk import Key, Selection, errors, kinds
from podvisor.sdk.objects.core import ConfigMap

NAME = "kube-root-ca.crt"
DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


class RootAuthorities:
    """The loop over namespaces, by their names."""

    name = "root-ca-certificate-publisher-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._data = {"ca.crt": cluster.settings.root_authority}
        self._namespaces = cluster.informers.of(kinds.NAMESPACES)
        self._maps = cluster.informers.of(kinds.CONFIGMAPS, Selection(fields=f"metadata.name={NAME}"))
        self._namespaces.on_change(enqueue_itself(self.queue))
        self._maps.on_change(self._map_changed)

    async def reconcile(self, key: Key) -> None:
        """Create or mend the ConfigMap of one namespace."""
        await self._maps.wait_synced()
        namespace = self._namespaces.cache.get(key)
        if namespace is None or namespace.metadata.deleting or not self._data["ca.crt"]:
            return
        place = Key(key.name, NAME)
        current = self._maps.cache.get(place)
        if current is None:
            await self._create(place)
        elif current.data != self._data:
            await self._client.patch(kinds.CONFIGMAPS, place, {"data": dict.fromkeys(current.data) | self._data})

    async def _create(self, key: Key) -> None:
        annotations = {"kubernetes.io/description": DESCRIPTION}
        metadata = {"name": key.name, "namespace": key.namespace, "annotations": annotations}
        thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": self._data}
        try:
            await self._client.create(kinds.CONFIGMAPS, thing, key.namespace)
        except (errors.AlreadyExists, errors.NotFound):
            return
        except errors.Forbidden as error:
            if not is_namespace_ending(error):
                raise

    def _map_changed(self, old: ConfigMap | None, new: ConfigMap | None) -> None:
        thing = new or old
        if thing is not None and thing.metadata.name == NAME:
            self.queue.add(Key("", thing.metadata.namespace))
