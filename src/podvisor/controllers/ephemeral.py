"""Makes the claims of generic ephemeral volumes, which live and die with their pod.

https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#generic-ephemeral-volumes
"""

from typing import Any

from podvisor.controllers import ownership, pods
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import Key, errors, kinds
from podvisor.sdk.objects import controller_of
from podvisor.sdk.objects.core import Pod, Volume


def claim_for(pod: Pod, volume: Volume) -> dict[str, Any]:
    """The claim behind one of a pod's ephemeral volumes."""
    template: dict[str, Any] = (volume.ephemeral or {}).get("volumeClaimTemplate", {})
    given: dict[str, Any] = template.get("metadata", {})
    kept = {name: given[name] for name in ("labels", "annotations") if given.get(name)}
    owner = ownership.reference(kinds.PODS, pod)
    name = f"{pod.metadata.name}-{volume.name}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "ownerReferences": [owner], **kept},
        "spec": template.get("spec", {}),
    }


class EphemeralClaims:
    """The loop over pods with ephemeral volumes."""

    name = "ephemeral-volume-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._pods = cluster.informers.of(kinds.PODS)
        self._pods.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Make the claims that a pod lacks."""
        pod = self._pods.cache.get(key)
        if pod is None or not pods.is_active(pod):
            return
        for volume in pod.spec.volumes:
            if volume.ephemeral is not None:
                await self._make(pod, volume)

    async def _make(self, pod: Pod, volume: Volume) -> None:
        wanted = claim_for(pod, volume)
        name, namespace = wanted["metadata"]["name"], pod.metadata.namespace
        try:
            await self._client.create(kinds.PERSISTENTVOLUMECLAIMS, wanted, namespace)
        except errors.AlreadyExists:
            found = await self._client.get(kinds.PERSISTENTVOLUMECLAIMS, name, namespace)
            owner = controller_of(found)
            if owner is None or owner.uid != pod.metadata.uid:
                place = f"{namespace}/{pod.metadata.name}"
                text = f"PVC {namespace}/{name} was not created for pod {place} (pod is not owner)"
                self._events.warning(kinds.PODS, pod, "EphemeralVolumeFailed", text)
