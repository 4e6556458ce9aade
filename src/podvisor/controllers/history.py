"""What a StatefulSet or DaemonSet was: its templates as ControllerRevisions, numbered.

`kubectl rollout history` and `undo` read them: `data` is a patch that makes the workload what it was
(https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/controller-revision-v1/).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from podvisor.controllers import ownership, revisions
from podvisor.sdk import Client, Resource, errors, key_of, kinds
from podvisor.sdk.cache import Cache
from podvisor.sdk.objects import LabelSelector, controller_of
from podvisor.sdk.objects.apps import ControllerRevision, DaemonSet, StatefulSet, Template, template_labels

HASH = "controller.kubernetes.io/hash"
Workload = StatefulSet | DaemonSet


@dataclass(frozen=True, slots=True)
class Found:
    """The revisions of a workload, oldest first, and which of them is that of its template."""

    every: Sequence[ControllerRevision]
    update: ControllerRevision
    collisions: int


def data_of(template: Template) -> dict[str, Any]:
    """A template as a revision holds it: a strategic merge patch that replaces it as a whole."""
    return {"spec": {"template": {**template, "$patch": "replace"}}}


def template_of(revision: ControllerRevision) -> Template:
    """The template that a revision holds."""
    template: Template = dict(revision.data.get("spec", {}).get("template") or {})
    template.pop("$patch", None)
    return template


def by_number(every: Iterable[ControllerRevision]) -> list[ControllerRevision]:
    """Oldest first."""
    return sorted(every, key=lambda one: (one.revision, one.metadata.creation_timestamp, one.metadata.name))


def hash_of(revision: ControllerRevision) -> str:
    """What tells its pods from those of others."""
    return revision.metadata.labels.get(HASH, "")


def superfluous(every: Sequence[ControllerRevision], live: Collection[str], limit: int) -> list[ControllerRevision]:
    """The oldest ones that no pod follows any more, beyond so many; a negative limit keeps all."""
    idle = [one for one in every if one.metadata.name not in live]
    return idle[: max(len(idle) - limit, 0)] if limit >= 0 else []


@dataclass(frozen=True, slots=True)
class History:
    """Reads and writes the revisions of one kind of workload."""

    client: Client
    workloads: Resource[Any]
    cache: Cache[ControllerRevision]

    async def sync(self, workload: Workload, collisions: int) -> Found:
        """The revisions, with one for the current template, which has the highest number.

        A template that was current before gets its old revision back, under a new number.
        """
        claimer = ownership.Claimer(self.client, self.workloads, kinds.CONTROLLERREVISIONS, self.cache)
        every = by_number(await claimer.claim(workload, _selector(workload)))
        number = max((one.revision for one in every), default=0) + 1
        same = [one for one in every if revisions.same_template(template_of(one), workload.spec.template)]
        if not same:
            update, collisions = await self._create(workload, number, collisions)
            return Found([*every, update], update, collisions)
        update = same[-1]
        if update is not every[-1]:
            patch = {"metadata": {"uid": update.metadata.uid}, "revision": number}
            renumbered = await self.client.patch(kinds.CONTROLLERREVISIONS, key_of(update), patch)
            every = [*(one for one in every if one is not update), renumbered]
            update = renumbered
        return Found(every, update, collisions)

    async def truncate(self, workload: Workload, every: Sequence[ControllerRevision], live: Collection[str]) -> None:
        """Delete what is beyond the history limit."""
        for one in superfluous(every, live, workload.spec.revision_history_limit):
            try:
                await self.client.delete(kinds.CONTROLLERREVISIONS, key_of(one))
            except errors.NotFound:
                continue

    async def _create(self, workload: Workload, number: int, collisions: int) -> tuple[ControllerRevision, int]:
        """A new revision; another name is tried where one is taken by a revision of another template."""
        while True:
            thing = self._new(workload, number, collisions)
            namespace = workload.metadata.namespace
            try:
                return await self.client.create(kinds.CONTROLLERREVISIONS, thing, namespace), collisions
            except errors.AlreadyExists:
                taken = await self.client.get(kinds.CONTROLLERREVISIONS, thing["metadata"]["name"], namespace)
            owner = controller_of(taken)
            ours = owner is not None and owner.uid == workload.metadata.uid
            if ours and revisions.same_template(template_of(taken), workload.spec.template):
                return taken, collisions
            collisions += 1

    def _new(self, workload: Workload, number: int, collisions: int) -> dict[str, Any]:
        template = workload.spec.template
        hash = revisions.template_hash(template, collisions)
        labels = {**template_labels(template), **workload.spec.selector.match_labels, HASH: hash}
        return {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{workload.metadata.name}-{hash}",
                "namespace": workload.metadata.namespace,
                "labels": labels,
                "annotations": dict(workload.metadata.annotations),
                "ownerReferences": [ownership.reference(self.workloads, workload)],
            },
            "data": data_of(template),
            "revision": number,
        }


def _selector(workload: Workload) -> LabelSelector:
    return workload.spec.selector
