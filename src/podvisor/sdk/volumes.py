"""Which PersistentVolume does for which claim, and which nodes can use it.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding : what the scheduler and the binder agree on.
"""

from collections.abc import Iterable

from podvisor.sdk import affinity, selectors
from podvisor.sdk.affinity import Named
from podvisor.sdk.objects.storage import PersistentVolume, PersistentVolumeClaim
from podvisor.types import quantity

SELECTED_NODE = "volume.kubernetes.io/selected-node"
"""The annotation by which the scheduler says for which node a claim is to be bound."""
NO_PROVISIONER = "kubernetes.io/no-provisioner"
"""The provisioner of classes whose volumes somebody makes by hand."""


def is_of(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    """True if a volume belongs to a claim, or is kept for it."""
    ref = volume.spec.claim_ref
    named = ref is not None and (ref.namespace, ref.name) == (claim.metadata.namespace, claim.metadata.name)
    return named and ref is not None and ref.uid in ("", claim.metadata.uid)


def mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim) -> str:
    """Why a volume does not do for a claim that names it; empty if it does."""
    if quantity.parse(volume.size) < quantity.parse(claim.size):
        return "requested PV is too small"
    if volume.class_name != claim.class_name:
        return "storageClassName does not match"
    if volume.spec.volume_mode != claim.spec.volume_mode:
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return ""


def reaches(volume: PersistentVolume, node: Named) -> bool:
    """True if a node can use a volume."""
    required = volume.spec.node_affinity.required if volume.spec.node_affinity else None
    return required is None or any(affinity.matches(term, node) for term in required.node_selector_terms)


def find(
    claim: PersistentVolumeClaim, volumes: Iterable[PersistentVolume], node: Named | None = None, *, kept_only: bool
) -> PersistentVolume | None:
    """The volume for a claim: one that is kept for it, else (unless `kept_only`) the smallest free one that does."""
    fitting = [one for one in volumes if not one.metadata.deleting and not mismatch(one, claim)]
    if kept := next((one for one in fitting if is_of(one, claim)), None):
        return kept
    free = [one for one in fitting if one.spec.claim_ref is None and one.status.phase == "Available"]
    if claim.spec.selector is not None:
        free = [one for one in free if selectors.matches(claim.spec.selector, one.metadata.labels)]
    if node is not None:
        free = [one for one in free if reaches(one, node)]
    if kept_only or not free:
        return None
    return min(free, key=lambda one: (quantity.parse(one.size), one.metadata.name))
