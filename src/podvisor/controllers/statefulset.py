"""Keeps the pods of each StatefulSet: numbered, in order, each with its own claims."""

import asyncio
from typing import Any

from podvisor.controllers import claimretention, ownership, pods, statefulsetplan
from podvisor.controllers.dependents import Dependents
from podvisor.controllers.expectations import Expectations
from podvisor.controllers.history import Found, History, template_of
from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.controllers.statefulsetplan import Step, View
from podvisor.sdk import STATUS, Key, errors, key_of, kinds, selectors
from podvisor.sdk.objects.apps import ControllerRevision, StatefulSet, StatefulSetStatus
from podvisor.sdk.objects.core import Pod


class StatefulSets:
    """The loop over StatefulSets."""

    name = "statefulset-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._events = cluster.recorder(self.name)
        self._expectations = Expectations(cluster.clock)
        self._sets = cluster.informers.of(kinds.STATEFULSETS)
        self._pods = cluster.informers.of(kinds.PODS)
        self._revisions = cluster.informers.of(kinds.CONTROLLERREVISIONS)
        self._claims = cluster.informers.of(kinds.PERSISTENTVOLUMECLAIMS)
        ownership.index(self._pods.cache)
        ownership.index(self._revisions.cache)
        ownership.index_takers(self._sets.cache)
        self._claimer = ownership.Claimer(self._client, kinds.STATEFULSETS, kinds.PODS, self._pods.cache)
        self._history = History(self._client, kinds.STATEFULSETS, self._revisions.cache)
        self._sets.on_change(enqueue_itself(self.queue))
        self._dependents = Dependents(
            self._client, kinds.STATEFULSETS, self._sets.cache, self.queue, self._expectations
        )
        self._pods.on_change(self._dependents.changed)

    async def reconcile(self, key: Key) -> None:
        """Take one set's next step; the pods' changes bring it back for the one after."""
        await self._pods.wait_synced()
        await self._revisions.wait_synced()
        await self._claims.wait_synced()
        wanted = self._sets.cache.get(key)
        if wanted is None or selectors.is_empty(wanted.spec.selector):
            self._expectations.forget(key)
            return
        owned = await self._claimer.claim(wanted, wanted.spec.selector)
        if wanted.metadata.deleting or not self._expectations.satisfied(key):
            return
        found = await self._history.sync(wanted, wanted.status.collision_count)
        known = {one.metadata.name for one in found.every}
        update = found.update.metadata.name
        current = wanted.status.current_revision if wanted.status.current_revision in known else update
        view = View(wanted, owned, current, update, self._clock.now())
        # Before a pod is scaled away its claims are made to go with it.
        await self._hand_over_claims(view)
        step = statefulsetplan.plan(view)
        failures = await self._apply(view, found, step)
        await self._report(wanted, statefulsetplan.status_of(view, found.collisions))
        live = {current, update, *map(statefulsetplan.revision_of, owned)}
        await self._history.truncate(wanted, found.every, live)
        if step.wait is not None:
            self.queue.add_after(key, step.wait)
        if failures:
            raise failures[0]

    async def _apply(self, view: View, found: Found, step: Step) -> list[Exception]:
        if not step.create and not step.delete:
            return []
        key = key_of(view.set)
        deleted = [pod.metadata.uid for pod in step.delete]
        self._expectations.expect(key, creations=len(step.create), deletions=deleted)
        named = {one.metadata.name: one for one in found.every}
        creations = (
            self._create(view.set, number, named[view.update if new else view.current]) for number, new in step.create
        )
        deletions = (self._delete(view.set, pod) for pod in step.delete)
        outcomes = await asyncio.gather(*creations, *deletions, return_exceptions=True)
        return [one for one in outcomes if isinstance(one, Exception)]

    async def _create(self, owner: StatefulSet, number: int, revision: ControllerRevision) -> None:
        key = key_of(owner)
        pod = statefulsetplan.pod_for(owner, number, revision, template_of(revision))
        named = f"Pod {pod['metadata']['name']} in StatefulSet {owner.metadata.name}"
        try:
            await self._claim_storage(owner, number)
            await self._client.create(kinds.PODS, pod, key.namespace)
        except (errors.ApiError, errors.Unreachable) as error:
            self._expectations.created(key)
            if isinstance(error, errors.ApiError) and pods.is_namespace_ending(error):
                return
            self._events.warning(kinds.STATEFULSETS, owner, "FailedCreate", f"create {named} failed error: {error}")
            raise
        self._events.normal(kinds.STATEFULSETS, owner, "SuccessfulCreate", f"create {named} successful")

    async def _claim_storage(self, owner: StatefulSet, number: int) -> None:
        """Make the claims that are missing; what is there is the pod's from before."""
        pod = f"{owner.metadata.name}-{number}"
        for claim in statefulsetplan.claims_for(owner, number):
            try:
                await self._client.create(kinds.PERSISTENTVOLUMECLAIMS, claim, owner.metadata.namespace)
            except errors.AlreadyExists:
                continue
            what = f"Claim {claim['metadata']['name']} Pod {pod} in StatefulSet {owner.metadata.name}"
            self._events.normal(kinds.STATEFULSETS, owner, "SuccessfulCreate", f"create {what} success")

    async def _hand_over_claims(self, view: View) -> None:
        for change in claimretention.changes(view, self._claims.cache):
            meta = change.claim.metadata
            owners = [ownership.plain(one) for one in change.owners] or None
            kept = {"uid": meta.uid, "resourceVersion": meta.resource_version}
            patch = {"metadata": kept | {"ownerReferences": owners}}
            await self._client.patch(kinds.PERSISTENTVOLUMECLAIMS, key_of(change.claim), patch)

    async def _delete(self, owner: StatefulSet, pod: Pod) -> None:
        self._say_why(owner, pod)
        named = f"Pod {pod.metadata.name} in StatefulSet {owner.metadata.name}"

        def failed(error: Exception) -> None:
            self._events.warning(kinds.STATEFULSETS, owner, "FailedDelete", f"delete {named} failed error: {error}")

        if await self._dependents.delete(key_of(owner), pod, failed):
            self._events.normal(kinds.STATEFULSETS, owner, "SuccessfulDelete", f"delete {named} successful")

    def _say_why(self, owner: StatefulSet, pod: Pod) -> None:
        about = f"StatefulSet {key_of(owner)} is recreating"
        if pod.status.phase == "Failed":
            message = f"{about} failed Pod {pod.metadata.name}"
            self._events.warning(kinds.STATEFULSETS, owner, "RecreatingFailedPod", message)
        elif pod.status.phase == "Succeeded":
            message = f"{about} terminated Pod {pod.metadata.name}"
            self._events.normal(kinds.STATEFULSETS, owner, "RecreatingTerminatedPod", message)

    async def _report(self, wanted: StatefulSet, status: dict[str, Any]) -> None:
        if _told(wanted.status) == {name: value or 0 for name, value in status.items()}:
            return
        patch = {"metadata": {"uid": wanted.metadata.uid}, "status": status}
        await self._client.patch(kinds.STATEFULSETS, key_of(wanted), patch, STATUS)


def _told(status: StatefulSetStatus) -> dict[str, Any]:
    """What the status says already, in the form of `status_of` with nothing for none."""
    return {
        "replicas": status.replicas,
        "readyReplicas": status.ready_replicas,
        "availableReplicas": status.available_replicas,
        "currentReplicas": status.current_replicas,
        "updatedReplicas": status.updated_replicas,
        "currentRevision": status.current_revision,
        "updateRevision": status.update_revision,
        "observedGeneration": status.observed_generation,
        "collisionCount": status.collision_count,
    }
