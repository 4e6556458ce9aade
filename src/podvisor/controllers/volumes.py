"""Binds PersistentVolumeClaims to PersistentVolumes, makes the volumes of our own class, and gives back what is free.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/#lifecycle-of-a-volume-and-claim . Claims and volumes are
keys of one queue: a volume's has no namespace. Every write names the version that was looked at, so that two claims
never get the same volume.
"""

from collections.abc import Mapping
from typing import Any

from podvisor.controllers import pods, volumeplan
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, DeleteOptions, Key, errors, key_of, kinds
from podvisor.sdk import volumes as matching
from podvisor.sdk.objects.core import Node, Pod
from podvisor.sdk.objects.meta import seconds
from podvisor.sdk.objects.storage import DIRECTORIES, PersistentVolume, PersistentVolumeClaim, StorageClass, claims_of
from podvisor.types import quantity

CLAIMS = "claims"
BY_CLAIM = "claim"
BY_CLASS = "class"
_CLAIM_PROTECTION = "kubernetes.io/pvc-protection"
_VOLUME_PROTECTION = "kubernetes.io/pv-protection"


class Volumes:
    """The loop over claims and volumes."""

    name = "persistentvolume-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._claims = cluster.informers.of(kinds.PERSISTENTVOLUMECLAIMS)
        self._volumes = cluster.informers.of(kinds.PERSISTENTVOLUMES)
        self._classes = cluster.informers.of(kinds.STORAGECLASSES)
        self._nodes = cluster.informers.of(kinds.NODES)
        self._pods = cluster.informers.of(kinds.PODS)
        self._volumes.cache.add_index(BY_CLAIM, _claim_of)
        self._claims.cache.add_index(BY_CLASS, lambda claim: [claim.class_name])
        self._pods.cache.add_index(CLAIMS, _claims_used)
        self._claims.on_change(self._claim_changed)
        self._volumes.on_change(self._volume_changed)
        self._classes.on_change(self._class_changed)
        self._pods.on_change(self._pod_changed)
        self._nodes.on_change(self._node_changed)

    async def reconcile(self, key: Key) -> None:
        """Take a claim, or a volume, one step further."""
        for informer in (self._claims, self._volumes, self._classes, self._nodes, self._pods):
            await informer.wait_synced()
        if not key.namespace:
            if (volume := self._volumes.cache.get(key)) is not None:
                await self._keep_volume(volume)
        elif (claim := self._claims.cache.get(key)) is not None:
            await (self._release(claim) if claim.metadata.deleting else self._keep_claim(claim))

    async def _keep_claim(self, claim: PersistentVolumeClaim) -> None:
        if not claim.spec.volume_name:
            await self._find(claim)
            return
        completed = volumeplan.BIND_COMPLETED in claim.metadata.annotations
        volume = self._volumes.cache.get(Key("", claim.spec.volume_name))
        if volume is None:
            await (self._lose(claim, "ClaimLost", _LOST) if completed else self._say_pending(claim))
        elif matching.is_of(volume, claim):
            await self._bind(volume, claim)
        elif volume.spec.claim_ref is not None:
            if completed:
                await self._lose(claim, "ClaimMisbound", _MISBOUND)
                return
            taken = f'volume "{volume.metadata.name}" already bound to a different claim.'
            self._warn(claim, "FailedBinding", taken)
            await self._say_pending(claim)
        elif why := matching.mismatch(volume, claim):
            text = f'Cannot bind to requested volume "{volume.metadata.name}": {why}'
            self._warn(claim, "VolumeMismatch", text)
            await self._say_pending(claim)
        else:
            await self._bind(volume, claim)

    async def _find(self, claim: PersistentVolumeClaim) -> None:
        """Look for a volume; have one made where there is none."""
        of = self._classes.cache.get(Key("", claim.class_name)) if claim.class_name else None
        selected = claim.metadata.annotations.get(matching.SELECTED_NODE, "")
        node = self._nodes.cache.get(Key("", selected)) if selected else None
        waits = of is not None and of.waits and node is None
        named = _Named(node) if node is not None else None
        if volume := matching.find(claim, self._volumes.cache, named, kept_only=waits):
            await self._bind(volume, claim)
            return
        await self._say_pending(claim)
        if waits:
            text = "waiting for first consumer to be created before binding"
            self._tell(claim, "WaitForFirstConsumer", text)
        elif not claim.class_name:
            text = "no persistent volumes available for this claim and no storage class is set"
            self._tell(claim, "FailedBinding", text)
        elif of is None:
            self._warn(claim, "ProvisioningFailed", f'storageclass.storage.k8s.io "{claim.class_name}" not found')
        else:
            await self._provision(claim, of, node)

    async def _provision(self, claim: PersistentVolumeClaim, of: StorageClass, node: Node | None) -> None:
        if of.provisioner == matching.NO_PROVISIONER:
            self._tell(claim, "FailedBinding", "no persistent volumes available for this claim")
            return
        if of.provisioner != DIRECTORIES:
            if claim.metadata.annotations.get(volumeplan.PROVISIONER) != of.provisioner:
                patch = {"metadata": {"annotations": {volumeplan.PROVISIONER: of.provisioner}}}
                await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(claim), patch)
            self._tell(claim, "ExternalProvisioning", _EXTERNAL.format(of.provisioner))
            return
        if why := _unfit(claim):
            self._warn(
                claim, "ProvisioningFailed", f'failed to provision volume with StorageClass "{of.metadata.name}": {why}'
            )
            return
        chosen = node or min(self._nodes.cache, key=lambda one: one.metadata.name, default=None)
        if chosen is None:
            return
        hostname = chosen.metadata.labels.get(volumeplan.HOSTNAME, chosen.metadata.name)
        wanted = volumeplan.directory_for(claim, of, hostname)
        try:
            await self._client.create(kinds.PERSISTENTVOLUMES, wanted)
        except errors.AlreadyExists:
            return
        text = f"Successfully provisioned volume {wanted['metadata']['name']}"
        self._tell(claim, "ProvisioningSucceeded", text)

    async def _bind(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> None:
        """Make both say so, the volume first. Each step is taken only where it is missing."""
        ref = volume.spec.claim_ref
        if ref is None or ref.uid != claim.metadata.uid:
            patch: dict[str, Any] = {"spec": {"claimRef": volumeplan.reference(claim)}}
            if ref is None:
                patch["metadata"] = {"annotations": {volumeplan.BOUND_BY_CONTROLLER: "yes"}}
            volume = await self._client.patch(kinds.PERSISTENTVOLUMES, key_of(volume), _guarded(volume, patch))
        if not claim.spec.volume_name or volumeplan.BIND_COMPLETED not in claim.metadata.annotations:
            notes = {volumeplan.BIND_COMPLETED: "yes"}
            if not claim.spec.volume_name:
                notes[volumeplan.BOUND_BY_CONTROLLER] = "yes"
            patch = {"metadata": {"annotations": notes}, "spec": {"volumeName": volume.metadata.name}}
            claim = await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(claim), _guarded(claim, patch))
        volume = await self._grow(volume, claim)
        status = {"phase": "Bound", "accessModes": volume.spec.access_modes, "capacity": dict(volume.spec.capacity)}
        told = claim.status
        if (told.phase, told.access_modes, told.capacity) != tuple(status.values()):
            await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(claim), {"status": status}, STATUS)
        await self._say(volume, "Bound")

    async def _grow(self, volume: PersistentVolume, claim: PersistentVolumeClaim) -> PersistentVolume:
        """A directory grows by being allowed to: a pod's kernel holds it to its new size from its next start on."""
        if not volume.is_directory or quantity.parse(claim.size) <= quantity.parse(volume.size):
            return volume
        patch = _guarded(volume, {"spec": {"capacity": {"storage": claim.size}}})
        grown = await self._client.patch(kinds.PERSISTENTVOLUMES, key_of(volume), patch)
        self._tell(claim, "VolumeResizeSuccessful", "Resize volume succeeded")
        return grown

    async def _release(self, claim: PersistentVolumeClaim) -> None:
        """Let a deleted claim go once no pod uses it."""
        if _CLAIM_PROTECTION not in claim.metadata.finalizers:
            return
        used = self._pods.cache.indexed(CLAIMS, str(key_of(claim)))
        if not any(pod.spec.node_name and not pods.is_ended(pod) for pod in used):
            await self._drop_finalizer(kinds.PERSISTENTVOLUMECLAIMS, claim, _CLAIM_PROTECTION)

    async def _keep_volume(self, volume: PersistentVolume) -> None:
        ref = volume.spec.claim_ref
        claim = await self._claim(Key(ref.namespace, ref.name)) if ref is not None else None
        if claim is not None and ref is not None and ref.uid not in ("", claim.metadata.uid):
            claim = None
        if volume.metadata.deleting and (claim is None or volume.status.phase != "Bound"):
            if _VOLUME_PROTECTION in volume.metadata.finalizers:
                await self._drop_finalizer(kinds.PERSISTENTVOLUMES, volume, _VOLUME_PROTECTION)
            return
        if ref is None or (claim is None and not ref.uid):
            await self._say(volume, "Available")
        elif claim is None:
            await self._say(volume, "Released")
            await self._reclaim(volume)
        elif claim.spec.volume_name == volume.metadata.name:
            await self._say(volume, "Bound" if ref.uid else "Available")
            self.queue.add(key_of(claim))
        elif claim.spec.volume_name and ref.uid:
            await self._give_back(volume)
        else:
            await self._say(volume, "Available")
            self.queue.add(key_of(claim))

    async def _reclaim(self, volume: PersistentVolume) -> None:
        policy = volume.spec.persistent_volume_reclaim_policy
        if policy == "Delete" and volume.is_directory and not volume.metadata.deleting:
            await self._client.delete(kinds.PERSISTENTVOLUMES, key_of(volume), DeleteOptions(uid=volume.metadata.uid))
        elif policy == "Recycle":
            await self._say(volume, "Failed", "No recycler plugin found for the volume!")

    async def _give_back(self, volume: PersistentVolume) -> None:
        """The claim has another volume: what was bound by us is free again, or goes if it was made for the claim."""
        if volumeplan.PROVISIONED_BY in volume.metadata.annotations:
            await self._reclaim(volume)
        elif volumeplan.BOUND_BY_CONTROLLER in volume.metadata.annotations:
            notes = {volumeplan.BOUND_BY_CONTROLLER: None}
            patch = _guarded(volume, {"spec": {"claimRef": None}, "metadata": {"annotations": notes}})
            await self._client.patch(kinds.PERSISTENTVOLUMES, key_of(volume), patch)

    async def _claim(self, key: Key) -> PersistentVolumeClaim | None:
        """A claim; nothing is given back on the word of the cache alone."""
        if (known := self._claims.cache.get(key)) is not None:
            return known
        try:
            return await self._client.get(kinds.PERSISTENTVOLUMECLAIMS, key.name, key.namespace)
        except errors.NotFound:
            return None

    async def _say(self, volume: PersistentVolume, phase: str, message: str = "") -> None:
        if (volume.status.phase, volume.status.message) == (phase, message):
            return
        since = seconds(self._clock.now())
        status = {"phase": phase, "message": message or None, "lastPhaseTransitionTime": since}
        patch = {"metadata": {"uid": volume.metadata.uid}, "status": status}
        await self._client.patch(kinds.PERSISTENTVOLUMES, key_of(volume), patch, STATUS)

    async def _say_pending(self, claim: PersistentVolumeClaim) -> None:
        if claim.status.phase != "Pending":
            patch = {"metadata": {"uid": claim.metadata.uid}, "status": {"phase": "Pending"}}
            await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(claim), patch, STATUS)

    async def _lose(self, claim: PersistentVolumeClaim, reason: str, message: str) -> None:
        if claim.status.phase != "Lost":
            patch = {"metadata": {"uid": claim.metadata.uid}, "status": {"phase": "Lost", "capacity": None}}
            await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(claim), patch, STATUS)
            self._warn(claim, reason, message)

    async def _drop_finalizer(self, resource: Any, thing: PersistentVolume | PersistentVolumeClaim, name: str) -> None:
        kept = [one for one in thing.metadata.finalizers if one != name]
        patch = _guarded(thing, {"metadata": {"finalizers": kept}})
        try:
            await self._client.patch(resource, key_of(thing), patch)
        except errors.NotFound:
            return

    def _tell(self, claim: PersistentVolumeClaim, reason: str, message: str) -> None:
        self._events.normal(kinds.PERSISTENTVOLUMECLAIMS, claim, reason, message)

    def _warn(self, claim: PersistentVolumeClaim, reason: str, message: str) -> None:
        self._events.warning(kinds.PERSISTENTVOLUMECLAIMS, claim, reason, message)

    def _claim_changed(self, old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None) -> None:
        enqueue_itself(self.queue)(old, new)
        seen = new or old
        assert seen is not None
        for volume in self._volumes.cache.indexed(BY_CLAIM, str(key_of(seen))):
            self.queue.add(key_of(volume))

    def _volume_changed(self, old: PersistentVolume | None, new: PersistentVolume | None) -> None:
        seen = new or old
        assert seen is not None
        self.queue.add(key_of(seen))
        for claim in self._claims.cache:
            # What is free may do for any claim that waits; what is gone is missed by whoever named it.
            waits = new is not None and claim.status.phase == "Pending" and claim.class_name == new.class_name
            if waits or claim.spec.volume_name == seen.metadata.name:
                self.queue.add(key_of(claim))

    def _class_changed(self, old: StorageClass | None, new: StorageClass | None) -> None:
        if new is not None:
            for claim in self._claims.cache.indexed(BY_CLASS, new.metadata.name):
                self.queue.add(key_of(claim))

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        """A class that does not wait needs a node as well."""
        if old is None:
            for claim in self._claims.cache:
                if claim.status.phase == "Pending":
                    self.queue.add(key_of(claim))

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        pod = new or old
        assert pod is not None
        if new is None or pods.is_ended(new):
            for claim in _claims_used(pod):
                namespace, _, name = claim.partition("/")
                self.queue.add(Key(namespace, name))


_LOST = "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
_MISBOUND = "Two claims are bound to the same volume, this one is bound incorrectly"
_EXTERNAL = (
    "Waiting for a volume to be created either by the external provisioner '{}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly "
    "registered."
)


class _Named:
    """A node, as affinity looks at it."""

    def __init__(self, node: Node) -> None:
        self.name = node.metadata.name
        self.labels: Mapping[str, str] = node.metadata.labels


def _unfit(claim: PersistentVolumeClaim) -> str:
    """Why a directory cannot be what a claim asks for; empty if it can."""
    if claim.spec.volume_mode == "Block":
        return "podvisor.io/directory has no raw block volumes"
    return "claim.Spec.Selector is not supported for dynamic provisioning" if claim.spec.selector else ""


def _guarded(thing: PersistentVolume | PersistentVolumeClaim, patch: dict[str, Any]) -> dict[str, Any]:
    """A patch of exactly what was looked at."""
    version = {"uid": thing.metadata.uid, "resourceVersion": thing.metadata.resource_version}
    return patch | {"metadata": patch.get("metadata", {}) | version}


def _claim_of(volume: PersistentVolume) -> list[str]:
    ref = volume.spec.claim_ref
    return [f"{ref.namespace}/{ref.name}"] if ref is not None else []


def _claims_used(pod: Pod) -> list[str]:
    return [f"{pod.metadata.namespace}/{name}" for name in claims_of(pod).values()]
