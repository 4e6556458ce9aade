"""What a StatefulSet needs next, worked out from its pods, without any I/O.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ says what is promised: pods come in order of
their ordinals and go in the opposite order, and with `OrderedReady` none moves before those ahead of it are available.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from podvisor.controllers import ownership, pods
from podvisor.sdk import kinds
from podvisor.sdk.objects.apps import ControllerRevision, StatefulSet, StatefulSetRollingUpdate, template_metadata
from podvisor.sdk.objects.core import Pod

REVISION = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"


@dataclass(frozen=True, slots=True)
class Step:
    """Pods to create (by their ordinals, and of the update or the current revision) and to delete."""

    create: Sequence[tuple[int, bool]] = ()
    delete: Sequence[Pod] = ()
    wait: float | None = None
    """Seconds after which time alone makes a difference."""


@dataclass(frozen=True, slots=True)
class View:
    """A set, its pods, and the names of its revisions at one moment."""

    set: StatefulSet
    owned: Sequence[Pod]
    current: str
    update: str
    now: datetime
    by_ordinal: Mapping[int, Pod] = field(init=False)

    def __post_init__(self) -> None:
        numbered = {number: pod for pod in self.owned if (number := ordinal(self.set, pod)) is not None}
        object.__setattr__(self, "by_ordinal", numbered)

    @property
    def wanted(self) -> range:
        """The ordinals that there should be."""
        start = self.set.spec.ordinals.start
        return range(start, start + self.set.spec.replicas)

    @property
    def ordered(self) -> bool:
        """True if one pod moves at a time."""
        return self.set.spec.pod_management_policy != "Parallel"

    def is_available(self, pod: Pod) -> bool:
        """True if the pods behind it may move."""
        return _is_running(pod) and pods.is_available(pod, self.set.spec.min_ready_seconds, self.now)


def ordinal(owner: StatefulSet, pod: Pod) -> int | None:
    """The number in a pod's name, or None if it is not one of this set's."""
    parent, _, number = pod.metadata.name.rpartition("-")
    well_formed = number.isdecimal() and (number == "0" or not number.startswith("0"))
    return int(number) if parent == owner.metadata.name and well_formed else None


def plan(view: View) -> Step:
    """The next step: what is missing or has ended first, then what is too much, then the update."""
    create: list[tuple[int, bool]] = []
    delete: list[Pod] = []
    for number in view.wanted:
        pod = view.by_ordinal.get(number)
        if pod is None:
            create.append((number, _is_new(view, number)))
        elif pods.is_ended(pod):
            # It is made again once it is gone.
            delete += [] if pod.metadata.deleting else [pod]
        elif not view.ordered or view.is_available(pod):
            continue
        if view.ordered:
            return Step(create, delete, _until_available(view))
    return _shrink(view, create, delete)


def _shrink(view: View, create: Sequence[tuple[int, bool]], delete: list[Pod]) -> Step:
    """The pods beyond the wanted ones go, the highest ordinal first; then the update may go on."""
    condemned = sorted((number for number in view.by_ordinal if number not in view.wanted), reverse=True)
    for number in condemned:
        pod = view.by_ordinal[number]
        if not pod.metadata.deleting:
            if view.ordered and _is_ready(pod) and not view.is_available(pod):
                return Step(create, delete, _until_available(view))
            delete.append(pod)
        if view.ordered:
            return Step(create, delete)
    if create or delete or view.set.spec.update_strategy.type == "OnDelete":
        return Step(create, delete, _until_available(view))
    return Step(delete=_outdated(view), wait=_until_available(view))


def _outdated(view: View) -> list[Pod]:
    """Old pods that can be spared, the highest ordinal first."""
    rolling = view.set.spec.update_strategy.rolling_update or StatefulSetRollingUpdate()
    reached = [view.by_ordinal.get(number) for number in reversed(view.wanted[rolling.partition :])]
    if rolling.max_unavailable is None:
        # One at a time; what is not ready yet is waited for, except an old pod that is not ready, which goes at once.
        waits = (pod is None or not _is_ready(pod) or _is_old(view, pod) for pod in reached)
        first = next((pod for pod, wait in zip(reached, waits, strict=True) if wait), None)
        return [first] if first is not None and _is_old(view, first) else []
    there = [view.by_ordinal.get(number) for number in view.wanted]
    unavailable = sum(pod is None or not view.is_available(pod) for pod in there)
    spare = max(_most_unavailable(rolling, view.set.spec.replicas) - unavailable, 0)
    return [pod for pod in reached if pod is not None and _is_old(view, pod)][:spare]


def _is_old(view: View, pod: Pod) -> bool:
    return revision_of(pod) != view.update and not pod.metadata.deleting


def _most_unavailable(rolling: StatefulSetRollingUpdate, replicas: int) -> int:
    if isinstance(rolling.max_unavailable, int):
        return max(rolling.max_unavailable, 1)
    percent = int(str(rolling.max_unavailable).removesuffix("%"))
    return max(math.ceil(replicas * percent / 100), 1)


def _is_new(view: View, number: int) -> bool:
    """True if a pod of this number is made from the update's template: those below the partition are not."""
    strategy = view.set.spec.update_strategy
    if strategy.type != "RollingUpdate":
        return True
    rolling = strategy.rolling_update
    old = view.set.status.current_replicas if rolling is None else rolling.partition
    return number >= view.set.spec.ordinals.start + old


def _until_available(view: View) -> float | None:
    return pods.until_available(view.owned, view.set.spec.min_ready_seconds, view.now)


def revision_of(pod: Pod) -> str:
    """The name of the revision that a pod was made from."""
    return pod.metadata.labels.get(REVISION, "")


def _is_running(pod: Pod) -> bool:
    return pod.status.phase == "Running" and not pod.metadata.deleting


def _is_ready(pod: Pod) -> bool:
    return _is_running(pod) and pods.is_ready(pod)


def status_of(view: View, collisions: int) -> dict[str, Any]:
    """The status that the pods amount to. Once all follow the update and are ready, it is the current revision."""
    ready = [pod for pod in view.owned if pod.status.phase == "Running" and pods.is_ready(pod)]
    alive = [pod for pod in view.owned if not pod.metadata.deleting]
    updated = sum(revision_of(pod) == view.update for pod in alive)
    current, current_count = view.current, sum(revision_of(pod) == view.current for pod in alive)
    rolling = view.set.spec.update_strategy.type == "RollingUpdate"
    if rolling and updated == len(view.owned) == len(ready):
        current, current_count = view.update, updated
    return {
        "replicas": len(view.owned),
        "readyReplicas": len(ready) or None,
        "availableReplicas": sum(view.is_available(pod) for pod in ready),
        "currentReplicas": current_count or None,
        "updatedReplicas": updated or None,
        "currentRevision": current,
        "updateRevision": view.update,
        "observedGeneration": view.set.metadata.generation or None,
        "collisionCount": collisions,
    }


def pod_for(owner: StatefulSet, number: int, revision: ControllerRevision, template: dict[str, Any]) -> dict[str, Any]:
    """The pod of a number: its name, its labels, its place in the DNS and its own claims as volumes."""
    name = f"{owner.metadata.name}-{number}"
    metadata = template_metadata(template)
    labels: dict[str, Any] = {
        **(metadata.get("labels") or {}),
        POD_NAME: name,
        POD_INDEX: str(number),
        REVISION: revision.metadata.name,
    }
    spec: dict[str, Any] = {**(template.get("spec") or {}), "hostname": name}
    if owner.spec.service_name:
        spec["subdomain"] = owner.spec.service_name
    own = {claim["metadata"]["name"]: claim_name(owner, claim, number) for claim in owner.spec.volume_claim_templates}
    volumes: list[dict[str, Any]] = [volume for volume in spec.get("volumes") or () if volume["name"] not in own]
    volumes += [{"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in own.items()]
    if volumes:
        spec["volumes"] = volumes
    kept = {name: metadata[name] for name in ("annotations", "finalizers") if metadata.get(name)}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": labels,
            "ownerReferences": [ownership.reference(kinds.STATEFULSETS, owner)],
            **kept,
        },
        "spec": spec,
    }


def claim_name(owner: StatefulSet, claim: Mapping[str, Any], number: int) -> str:
    """The claim of one pod after one of the set's templates."""
    return f"{claim['metadata']['name']}-{owner.metadata.name}-{number}"


def claims_for(owner: StatefulSet, number: int) -> Iterable[dict[str, Any]]:
    """The claims that a pod has to have before it is made. They outlive it, unless the set says otherwise."""
    for template in owner.spec.volume_claim_templates:
        metadata = template["metadata"]
        labels: dict[str, str] = {**(metadata.get("labels") or {}), **owner.spec.selector.match_labels}
        about: dict[str, Any] = {"name": claim_name(owner, template, number), "labels": labels}
        if metadata.get("annotations"):
            about["annotations"] = metadata["annotations"]
        if owner.spec.persistent_volume_claim_retention_policy.when_deleted == "Delete":
            about["ownerReferences"] = [ownership.reference(kinds.STATEFULSETS, owner)]
        yield {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": about, "spec": template["spec"]}
