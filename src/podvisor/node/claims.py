"""Volumes that a claim stands for, and the directories of our own class: made when first mounted, removed at their end.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/ . A directory is named after its PersistentVolume, whose
finalizer keeps the object until the directory is gone.
"""

import asyncio
import logging
from pathlib import Path

from podvisor import sdk
from podvisor.base.clock import Clock
from podvisor.node import hostpaths, objects, removal
from podvisor.node.errors import Unresolvable
from podvisor.node.settings import Settings
from podvisor.sandbox import spec
from podvisor.sdk import errors, kinds, volumes
from podvisor.sdk.objects.storage import DIRECTORIES, PersistentVolume, PersistentVolumeClaim
from podvisor.types import names, quantity

log = logging.getLogger(__name__)


def claim_of(pod: objects.Pod, volume: objects.Volume) -> objects.Claim | None:
    """The claim behind a volume, if there is one."""
    if volume.ephemeral is not None:
        return objects.Claim(claim_name=f"{pod.metadata.name}-{volume.name}")
    return volume.persistent_volume_claim


def directory(settings: Settings, volume: PersistentVolume) -> Path:
    """Where a directory volume lies. Raises Unresolvable for a handle that is no name."""
    handle = str((volume.spec.csi or {}).get("volumeHandle", ""))
    if [*names.dns_subdomain(handle)]:
        raise Unresolvable(f"volume handle {handle!r} is not a name")
    return settings.data_dir.resolve() / "volumes" / handle


async def find(client: sdk.Client, pod: objects.Pod, wanted: objects.Claim, own: bool) -> PersistentVolume:
    """The volume that a claim of the pod's is bound to; `own` is True if it has to be the pod's own, as an ephemeral
    one. Raises Unresolvable."""
    namespace, name = pod.metadata.namespace, wanted.claim_name
    try:
        claim = await client.get(kinds.PERSISTENTVOLUMECLAIMS, name, namespace)
        _check(claim, pod, own)
        return await client.get(kinds.PERSISTENTVOLUMES, claim.spec.volume_name)
    except errors.ApiError as error:
        raise Unresolvable(f"error getting PVC {namespace}/{name}: {error}") from error


def _check(claim: PersistentVolumeClaim, pod: objects.Pod, own: bool) -> None:
    place = sdk.key_of(claim)
    if own and not any(one.uid == pod.metadata.uid for one in claim.metadata.owner_references):
        raise Unresolvable(f"PVC {place} was not created for pod {sdk.key_of(pod)} (pod is not owner)")
    if claim.metadata.deleting:
        raise Unresolvable(f"can't start pod because PVC {place} is being deleted")
    if claim.status.phase != "Bound":
        raise Unresolvable(f"PVC {place} is not bound")
    if claim.spec.volume_mode == "Block":
        raise Unresolvable(f"PVC {place} has volumeMode Block, which is not supported")


def mounted(
    settings: Settings, name: str, volume: PersistentVolume, *, read_only: bool, gid: int | None
) -> spec.Volume:
    """A persistent volume as the sandbox takes it. Raises Unresolvable and OSError. Blocks."""
    source = volume.spec
    if volume.is_directory:
        place = directory(settings, volume)
        place.mkdir(mode=0o777, parents=True, exist_ok=True)
        place.chmod(0o777)
        size = quantity.parse(volume.size).value
        return spec.Volume(name, path=str(place), read_only=read_only, size_bytes=size, gid=gid)
    given = source.host_path or source.local
    if given is None:
        raise Unresolvable("this type of persistent volume is not supported")
    host = objects.HostPath(path=given.get("path", ""), type=given.get("type", ""))
    return spec.Volume(name, path=hostpaths.find(host, settings.host_paths), read_only=read_only)


class Directories:
    """Removes the directories of volumes that are deleted."""

    def __init__(self, client: sdk.Client, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._queue: sdk.WorkQueue[sdk.Key] = sdk.WorkQueue(clock)
        self._known: dict[sdk.Key, PersistentVolume] = {}

    def changed(self, old: PersistentVolume | None, new: PersistentVolume | None) -> None:
        """A volume was seen, changed or gone (for an informer)."""
        seen = new or old
        assert seen is not None
        key = sdk.key_of(seen)
        self._known.pop(key, None)
        if new is not None and self._is_due(new):
            self._known[key] = new
            self._queue.add(key)

    def _is_due(self, volume: PersistentVolume) -> bool:
        """True if nothing but the directory keeps a volume of this node."""
        finalizers = volume.metadata.finalizers
        return volume.metadata.deleting and finalizers == [DIRECTORIES] and volumes.reaches(volume, self)

    @property
    def name(self) -> str:
        """The node's, for affinities."""
        return self._settings.name

    @property
    def labels(self) -> dict[str, str]:
        """Those of the node's labels that volumes select by."""
        return {"kubernetes.io/hostname": self._settings.name}

    async def keep(self) -> None:
        """Work until cancelled."""
        while True:
            key = await self._queue.get()
            try:
                if (volume := self._known.get(key)) is not None:
                    await self._remove(volume)
            except (errors.ApiError, errors.Unreachable, Unresolvable) as error:
                log.warning("volume %s: %s", key.name, error)
                self._queue.add_rate_limited(key)
            finally:
                self._queue.done(key)

    async def _remove(self, volume: PersistentVolume) -> None:
        if volume.spec.persistent_volume_reclaim_policy == "Delete":
            await asyncio.to_thread(removal.remove, directory(self._settings, volume))
        meta = {"uid": volume.metadata.uid, "resourceVersion": volume.metadata.resource_version, "finalizers": None}
        try:
            await self._client.patch(kinds.PERSISTENTVOLUMES, sdk.key_of(volume), {"metadata": meta})
        except errors.NotFound:
            return
