"""Where a pod's claims let it run, and for which node claims are still to be bound.

https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode ; the words are those of
kube-scheduler's plug-ins VolumeBinding and VolumeRestrictions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from podvisor.sdk import Key, volumes
from podvisor.sdk.affinity import Named
from podvisor.sdk.cache import Cache
from podvisor.sdk.objects.core import Pod
from podvisor.sdk.objects.storage import PersistentVolume, PersistentVolumeClaim, StorageClass, claims_of

_ALONE = "ReadWriteOncePod"
CONFLICT = "node(s) had volume node affinity conflict"
NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind"
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
IN_USE = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"


@dataclass(frozen=True, slots=True)
class Storage:
    """What there is."""

    claims: Cache[PersistentVolumeClaim] = field(default_factory=Cache[PersistentVolumeClaim])
    volumes: Cache[PersistentVolume] = field(default_factory=Cache[PersistentVolume])
    classes: Cache[StorageClass] = field(default_factory=Cache[StorageClass])


@dataclass(frozen=True, slots=True)
class Needs:
    """What a pod's claims come to."""

    why_not: str = ""
    """Why it can be on no node at all; empty if nothing is against it."""
    bound: Sequence[PersistentVolume] = ()
    waiting: Sequence[PersistentVolumeClaim] = ()
    """Claims that are bound where the pod is going to run."""
    alone: frozenset[str] = frozenset()
    """Claims that no other pod may use."""


def needs(pod: Pod, storage: Storage) -> Needs:
    """Look a pod's claims up."""
    bound: list[PersistentVolume] = []
    waiting: list[PersistentVolumeClaim] = []
    alone: set[str] = set()
    for name in claims_of(pod).values():
        claim = storage.claims.get(Key(pod.metadata.namespace, name))
        if claim is None:
            return Needs(f'persistentvolumeclaim "{name}" not found')
        if claim.metadata.deleting:
            return Needs(f'persistentvolumeclaim "{name}" is being deleted')
        if claim.status.phase == "Lost":
            return Needs(
                f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim.spec.volume_name}"'
            )
        if _ALONE in claim.spec.access_modes:
            alone.add(name)
        volume = storage.volumes.get(Key("", claim.spec.volume_name)) if claim.status.phase == "Bound" else None
        of = storage.classes.get(Key("", claim.class_name))
        if volume is not None:
            bound.append(volume)
        elif of is not None and of.waits and not claim.spec.volume_name:
            waiting.append(claim)
        else:
            return Needs(UNBOUND)
    return Needs("", bound, waiting, frozenset(alone))


def why_not(wanted: Needs, node: Named, storage: Storage) -> str:
    """Why the pod cannot have its volumes on a node; empty if it can."""
    if not all(volumes.reaches(one, node) for one in wanted.bound):
        return CONFLICT
    for claim in wanted.waiting:
        of = storage.classes.get(Key("", claim.class_name))
        made = of is not None and of.provisioner != volumes.NO_PROVISIONER
        if not made and volumes.find(claim, storage.volumes, node, kept_only=False) is None:
            return NOTHING_TO_BIND
    return ""


def in_use(pod: Pod, alone: frozenset[str], others: Iterable[Pod]) -> bool:
    """True if another pod uses a claim that this one must have for itself."""
    namespace = pod.metadata.namespace
    mine = (one for one in others if one.metadata.namespace == namespace and one.metadata.uid != pod.metadata.uid)
    return any(alone & set(claims_of(one).values()) for one in mine)
