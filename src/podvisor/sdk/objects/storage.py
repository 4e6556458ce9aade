"""Views of volumes, claims and their classes (core/v1 and storage.k8s.io/v1)."""

from typing import Any

from msgspec import field

from podvisor.sdk.objects.core import NodeSelector, Pod, Quantities, ResourceRequirements
from podvisor.sdk.objects.meta import LabelSelector, Object, View

OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
DIRECTORIES = "podvisor.io/directory"
"""The provisioner and finalizer of volumes that are directories of a node's own."""
DRIVER = "directory.podvisor.io"
"""Their driver; the names of drivers hold no slash."""


class ClaimSpec(View):
    """The storage that somebody asks for."""

    access_modes: list[str] = field(default_factory=list[str])
    volume_name: str = ""
    storage_class_name: str | None = None
    volume_mode: str = "Filesystem"
    selector: LabelSelector | None = None
    resources: ResourceRequirements = field(default_factory=ResourceRequirements)


class ClaimStatus(View):
    """What became of it."""

    phase: str = "Pending"
    access_modes: list[str] = field(default_factory=list[str])
    capacity: Quantities = field(default_factory=Quantities)


class PersistentVolumeClaim(Object):
    """A request for storage."""

    spec: ClaimSpec = field(default_factory=ClaimSpec)
    status: ClaimStatus = field(default_factory=ClaimStatus)

    @property
    def class_name(self) -> str:
        """The class that it names, by the annotation of old or by its field; empty for none."""
        return self.metadata.annotations.get(OLD_CLASS, self.spec.storage_class_name or "")

    @property
    def size(self) -> str:
        """What it asks for."""
        return str(self.spec.resources.requests.get("storage", "0"))


class ClaimReference(View):
    """The claim that a volume belongs to; without a uid only that claim may have it."""

    namespace: str = ""
    name: str = ""
    uid: str = ""


class VolumeNodeAffinity(View):
    """The nodes that can reach a volume."""

    required: NodeSelector | None = None


class VolumeSpec(View):
    """A piece of storage, and whose it is."""

    capacity: Quantities = field(default_factory=Quantities)
    access_modes: list[str] = field(default_factory=list[str])
    claim_ref: ClaimReference | None = None
    persistent_volume_reclaim_policy: str = "Retain"
    storage_class_name: str = ""
    volume_mode: str = "Filesystem"
    node_affinity: VolumeNodeAffinity | None = None
    host_path: dict[str, Any] | None = None
    local: dict[str, Any] | None = None
    csi: dict[str, Any] | None = None


class VolumeStatus(View):
    """Available, Bound, Released or Failed."""

    phase: str = ""
    message: str = ""
    reason: str = ""


class PersistentVolume(Object):
    """A piece of storage of the cluster."""

    spec: VolumeSpec = field(default_factory=VolumeSpec)
    status: VolumeStatus = field(default_factory=VolumeStatus)

    @property
    def class_name(self) -> str:
        """The class that it is of; empty for none."""
        return self.metadata.annotations.get(OLD_CLASS, self.spec.storage_class_name)

    @property
    def size(self) -> str:
        """How much it holds."""
        return str(self.spec.capacity.get("storage", "0"))

    @property
    def is_directory(self) -> bool:
        """True if it is a directory that its node made for it."""
        return self.spec.csi is not None and self.spec.csi.get("driver") == DRIVER


class StorageClass(Object):
    """A kind of storage, and who makes it."""

    provisioner: str = ""
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool = False

    @property
    def waits(self) -> bool:
        """True if its claims are bound for the first pod that uses them, where that pod is going to run."""
        return self.volume_binding_mode == "WaitForFirstConsumer"


def claims_of(pod: Pod) -> dict[str, str]:
    """The names of the claims behind a pod's volumes, by the volumes' names."""
    found: dict[str, str] = {}
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            found[volume.name] = volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            found[volume.name] = f"{pod.metadata.name}-{volume.name}"
    return found
