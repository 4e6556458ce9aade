"""Whom the claims of a StatefulSet's pods belong to, and so with whom they go.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention : by
`whenDeleted` they go with the set, by `whenScaled` with a pod that is scaled away. The garbage collector does it, by
owner references.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from podvisor.controllers import statefulsetplan
from podvisor.controllers.statefulsetplan import View
from podvisor.sdk import Cache, Key
from podvisor.sdk.objects import Object, OwnerReference
from podvisor.sdk.objects.core import Pod
from podvisor.sdk.objects.storage import PersistentVolumeClaim


@dataclass(frozen=True, slots=True)
class Change:
    """A claim, and the owners that it is to have."""

    claim: PersistentVolumeClaim
    owners: Sequence[OwnerReference]


def changes(view: View, claims: Cache[PersistentVolumeClaim]) -> Iterator[Change]:
    """The claims of the set's pods whose owners are not what its policy wants."""
    for number, pod in view.by_ordinal.items():
        for template in view.set.spec.volume_claim_templates:
            name = statefulsetplan.claim_name(view.set, template, number)
            claim = claims.get(Key(view.set.metadata.namespace, name))
            if claim is None:
                continue
            before, owners = claim.metadata.owner_references, _owners(view, pod, claim)
            if list(before) != list(owners):
                yield Change(claim, owners)


def _owners(view: View, pod: Pod, claim: PersistentVolumeClaim) -> Sequence[OwnerReference]:
    """The owners that a claim should have. What belongs to an earlier set or pod of that name stays as it is."""
    before = claim.metadata.owner_references
    if any(_is_stale(one, "StatefulSet", view.set) or _is_stale(one, "Pod", pod) for one in before):
        return before
    own = {view.set.metadata.uid, pod.metadata.uid}
    others = [one for one in before if one.uid not in own]
    if any(one.controller for one in others):
        return others
    return [*others, *_wanted(view, pod)]


def _wanted(view: View, pod: Pod) -> Iterator[OwnerReference]:
    policy = view.set.spec.persistent_volume_claim_retention_policy
    if policy.when_scaled == "Delete" and statefulsetplan.ordinal(view.set, pod) not in view.wanted:
        yield _reference("v1", "Pod", pod)
    elif policy.when_deleted == "Delete":
        yield _reference("apps/v1", "StatefulSet", view.set)


def _is_stale(reference: OwnerReference, kind: str, thing: Object) -> bool:
    return (reference.kind, reference.name) == (kind, thing.metadata.name) and reference.uid != thing.metadata.uid


def _reference(api_version: str, kind: str, thing: Object) -> OwnerReference:
    return OwnerReference(
        api_version=api_version,
        kind=kind,
        name=thing.metadata.name,
        uid=thing.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )
